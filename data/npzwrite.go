package data

import (
	"archive/zip"
	"bufio"
	"io"
	"time"
)

// npzWriter writes X and, where there are labels, y with the names of the classes, and the names of rows and columns as
// ids and columns. The members carry no time of their own, so that the same set gives
// the same bytes.
type npzWriter struct {
	w      io.Writer
	z      *zip.Writer
	x      npyWriter
	first  *Set     // without its rows
	labels []int32  // so far
	ids    []string // so far
}

func (n *npzWriter) member(name string) (io.Writer, error) {
	return n.z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
}

func (n *npzWriter) begin(s *Set, rows int) error {
	n.z, n.first = zip.NewWriter(n.w), s.Head(0)
	x, err := n.member("X.npy")
	if err != nil {
		return err
	}
	n.x.b = bufio.NewWriterSize(x, 1<<16)
	return n.x.begin(s, rows)
}

func (n *npzWriter) part(s *Set) error {
	n.labels, n.ids = append(n.labels, s.Labels...), append(n.ids, s.IDs...)
	return n.x.part(s)
}

func (n *npzWriter) end() error {
	if err := n.x.end(); err != nil {
		return err
	}
	if n.first.Labels != nil {
		y, err := n.member("y.npy")
		if err != nil {
			return err
		}
		if err := writeNPYLabels(y, n.labels); err != nil {
			return err
		}
		if err := n.texts(classArray, n.first.Classes); err != nil {
			return err
		}
	}
	if n.first.IDs != nil {
		if err := n.texts(idArray, n.ids); err != nil {
			return err
		}
	}
	if haveNames(n.first.Columns) {
		if err := n.texts(columnsArray, namesOf(n.first.Columns)); err != nil {
			return err
		}
	}
	return n.z.Close()
}

// texts writes an array of texts.
func (n *npzWriter) texts(name string, texts []string) error {
	w, err := n.member(name + ".npy")
	if err != nil {
		return err
	}
	return writeNPYTexts(w, n.first.Name+"/"+name, texts)
}
