package data

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// headOf reads so much of a text that its dialect can be told: 64 KiB and 64 lines, or what a line may have at most.
func headOf(r io.Reader) (head []byte, whole bool, err error) {
	const enough = 64 << 10
	part := make([]byte, enough)
	for {
		n, err := r.Read(part)
		head = append(head, part[:n]...)
		switch {
		case err == io.EOF:
			return head, true, nil
		case err != nil:
			return nil, false, err
		case len(head) >= maxLine, len(head) >= enough && bytes.Count(head, []byte{'\n'}) >= 64:
			return head, false, nil
		}
		// Of long lines four tell enough.
		if first := bytes.IndexByte(head, '\n'); len(head) >= 16*enough && first > 0 && first < len(head)/4 {
			return head, false, nil
		}
	}
}

// decoded returns the text of a file as UTF-8 without a mark, and what is to be said about it.
func decoded(s *stream) (io.Reader, string) {
	start := make([]byte, 4)
	n, _ := io.ReadFull(s, start) // a fault comes again
	start = start[:n]
	all := io.MultiReader(bytes.NewReader(start), s)
	utf16 := func(order unicode.Endianness) io.Reader {
		return transform.NewReader(all, unicode.UTF16(order, unicode.UseBOM).NewDecoder())
	}
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		return io.MultiReader(bytes.NewReader(start[3:]), s), ""
	case bytes.HasPrefix(start, []byte("\xff\xfe")), n == 4 && start[0] != 0 && start[1] == 0 && start[2] != 0 && start[3] == 0:
		return utf16(unicode.LittleEndian), "text in UTF-16"
	case bytes.HasPrefix(start, []byte("\xfe\xff")), n == 4 && start[0] == 0 && start[1] != 0 && start[2] == 0 && start[3] != 0:
		return utf16(unicode.BigEndian), "text in UTF-16"
	}
	return all, ""
}

// utf8Text returns a text as UTF-8: one that is none is taken for Windows' Latin-1.
func (t *tableReader) utf8Text(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	t.latin1 = true
	if fixed, err := charmap.Windows1252.NewDecoder().String(text); err == nil {
		return fixed
	}
	return strings.ToValidUTF8(text, "\ufffd")
}
