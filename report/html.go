package report

import (
	"encoding/base64"
	"html/template"
	"io"
)

// Page is a run's report: one HTML file with everything in it, no scripts and
// nothing to fetch.
type Page struct {
	Title    string
	Lead     []string // sentences under the title
	Columns  []string // of the table of figures, the first over the names
	Rows     [][]string
	ByColumn *Columns // nil of images
	Pictures []Picture
	Commands []Command
	Config   string // as YAML
}

// Picture is a PNG with a caption.
type Picture struct {
	Name, Caption string
	PNG           []byte
}

// Command is something to run next.
type Command struct{ Text, Does string }

// URI is the picture as a data URI.
func (p Picture) URI() template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(p.PNG)) //nolint:gosec // base64 of our own bytes
}

// HTML writes the page.
func HTML(w io.Writer, p Page) error { return page.Execute(w, p) }

var page = template.Must(template.New("report").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1c1f23; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .3rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid #d8dde3; padding-bottom: .2rem; }
p { margin: .2rem 0; }
table { border-collapse: collapse; }
th, td { padding: .25rem 1.2rem .25rem 0; text-align: left; border-bottom: 1px solid #eceff2; }
th { font-weight: 600; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td:last-child { color: #59636e; }
td.bar { min-width: 11rem; padding-right: 0; }
td.bar i { display: block; height: .45rem; min-width: 1px; background: #4e79a7; }
td.bar i.b { background: #bab0ac; margin-top: .15rem; }
figure { margin: 1rem 0 2rem; }
figcaption { color: #59636e; margin-bottom: .4rem; }
img { max-width: 100%; height: auto; }
pre, code { font: 14px/1.5 ui-monospace, monospace; }
pre { background: #f5f7f9; padding: .8rem 1rem; overflow-x: auto; border-radius: 4px; }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
{{range .Lead}}<p>{{.}}</p>
{{end}}{{if .Rows}}<h2>Figures</h2>
<table>
<tr>{{range $i, $c := .Columns}}<th{{if $i}} class="n"{{end}}>{{$c}}</th>{{end}}<th></th></tr>
{{$last := len .Columns}}{{range .Rows}}<tr>{{range $i, $v := .}}<td{{if and $i (lt $i $last)}} class="n"{{end}}>{{$v}}</td>{{end}}</tr>
{{end}}</table>
{{end}}{{with $c := .ByColumn}}<h2>By column</h2>
<p>Explained variance, 1 for all: {{.Model}} in blue{{with .Baseline}}, {{.}} in grey{{end}}. Errors are in the columns' own units.</p>
{{with .MoreText}}<p>{{.}}.</p>
{{end}}<table class="columns">
<tr>{{range $k, $v := .Head}}<th{{if gt $k 1}} class="n"{{end}}>{{$v}}</th>{{end}}<th></th></tr>
{{range $i, $line := .Lines}}{{$r := index $c.Rows $i}}<tr>{{range $k, $v := $line}}<td{{if gt $k 1}} class="n"{{end}}>{{$v}}</td>{{end}}<td class="bar"><i style="width: {{$c.Bar $r.Explained}}%"></i>{{if $c.Baseline}}<i class="b" style="width: {{$c.Bar $r.Baseline}}%"></i>{{end}}</td></tr>
{{end}}</table>
{{end}}{{if .Pictures}}<h2>Pictures</h2>
{{range .Pictures}}<figure><figcaption>{{.Caption}}</figcaption><img alt="{{.Caption}}" src="{{.URI}}"></figure>
{{end}}{{end}}{{if .Commands}}<h2>What to try next</h2>
{{range .Commands}}<p>{{.Does}}</p>
<pre>{{.Text}}</pre>
{{end}}{{end}}{{if .Config}}<h2>Settings</h2>
<pre>{{.Config}}</pre>
{{end}}</body>
</html>
`))
