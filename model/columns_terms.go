package model

// mostTerms is how many columns a table has at most whose losses are told one by one.
const mostTerms = 256

// ColumnTerms returns what each raw column of what the decoder makes has of the loss of m, in nats a row, by its name; nil
// where that is not known, or columns are many.
func (m *Model) ColumnTerms(v *Metrics) Terms {
	shares := m.ColumnLosses(v)
	if shares == nil || len(shares) > mostTerms {
		return nil
	}
	var all Terms
	names := m.TargetPreparation().Titles()
	for j, x := range shares {
		all = append(all, Term{names[j], x})
	}
	return all
}

// ColumnLosses returns the losses that [ColumnTerms] does, of any number of columns.
func (m *Model) ColumnLosses(v *Metrics) []float64 {
	if l, ok := m.Spec.Likelihood.(Columns); !ok || v.Columns == nil || l.multinomial() { // whose columns have no losses of their own
		return nil
	}
	p := m.TargetPreparation()
	losses, at := make([]float64, p.Width()), 0
	for j := range losses {
		n := p.InputsOf(j)
		for _, x := range v.Columns[at : at+n] {
			losses[j] += x
		}
		at += n
	}
	return losses
}
