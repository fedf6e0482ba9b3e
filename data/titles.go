package data

import "strconv"

// Titles names the raw columns, each in its own way: x0, x1 and so on where they have no names, and with its number
// behind where two have the same.
func (p *Preparation) Titles() []string {
	names, count := make([]string, p.Width()), map[string]int{}
	for j := range names {
		if p.Columns != nil {
			names[j] = p.Columns[j].Name
		}
		if names[j] == "" {
			names[j] = "x" + strconv.Itoa(j)
		}
		count[names[j]]++
	}
	seen := map[string]bool{}
	for j, n := range names {
		if count[n] > 1 {
			n += "#" + strconv.Itoa(j)
		}
		for seen[n] {
			n += "#"
		}
		seen[n], names[j] = true, n
	}
	return names
}
