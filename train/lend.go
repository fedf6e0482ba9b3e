package train

import (
	"context"
	"encoding/json"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// open reads the data on each rank, or, where they have to be decoded, on the first of each machine, of which the others
// borrow them.
func (c *crew) open(ctx context.Context, config *settings.Config) (source *data.Source, err error) {
	read := func() (*data.Source, error) {
		how := config.Reading()
		how.Seen = !c.first()
		return data.Read(ctx, config.Data, how)
	}
	here, known := c.Ranks.(interface {
		Local() int
		LocalSize() int
	})
	borrows := known && here.Local() > 0 && !c.first()
	lending, err := c.lending(borrows, data.Decoded(ctx, config.Data))
	if err != nil {
		return nil, err
	}
	if !lending || !borrows {
		source, err = read()
	}
	if err := c.agree(err); err != nil || !lending {
		return source, err
	}
	var loan *data.Loan
	if !borrows && known && here.LocalSize() > 1 {
		loan, _ = source.Lend(ctx) // who cannot borrow reads
	}
	defer loan.Close() // when all have borrowed
	lent, outline, err := c.offers(loan, source)
	if err == nil && borrows {
		if source = borrow(ctx, outline, lent); source == nil {
			source, err = read()
		}
	}
	return source, c.agree(err)
}

// lending reports whether data are lent: the first rank has to decode them, and another would borrow.
func (c *crew) lending(borrows, decoded bool) (bool, error) {
	says := []byte{0}
	if borrows || c.first() && !decoded {
		says[0] = 1
	}
	all, err := c.Exchange(says)
	if err != nil || len(all[0]) != 1 || all[0][0] != 0 {
		return false, err
	}
	for _, says := range all {
		if len(says) == 1 && says[0] == 1 {
			return true, nil
		}
	}
	return false, nil
}

// offers returns what each rank lends, and what there is of the data beside that.
func (c *crew) offers(loan *data.Loan, source *data.Source) (lent [][]byte, outline []byte, err error) {
	var mine []byte
	if loan != nil {
		if mine, err = json.Marshal(loan.Lent); err != nil {
			return nil, nil, err
		}
	}
	if lent, err = c.Exchange(mine); err != nil {
		return nil, nil, err
	}
	if c.first() {
		outline, _ = source.Outline() // without it nobody borrows
	}
	outline, err = c.from0(outline)
	return lent, outline, err
}

// borrow returns the data as a rank of this machine lends them, nil where none does.
func borrow(ctx context.Context, outline []byte, lent [][]byte) *data.Source {
	for _, offer := range lent {
		var files []data.Lent
		if len(offer) == 0 || json.Unmarshal(offer, &files) != nil {
			continue
		}
		if source, err := data.Borrow(ctx, outline, files); err == nil {
			return source
		}
	}
	return nil
}
