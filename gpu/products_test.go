//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"gorgonia.org/cu"
)

// productFact is what came of a product that cuBLASLt was asked for.
type productFact struct {
	What         string    `json:"what"`
	Net          string    `json:"net"`
	Precision    string    `json:"precision"`
	Shape        string    `json:"shape"` // of the result and the inner width, as cuBLASLt sees them
	Epilogue     string    `json:"epilogue"`
	Half         bool      `json:"bf16_result"`
	Added        bool      `json:"added"`
	Status       string    `json:"status"`
	Candidates   int       `json:"candidates"`
	Chosen       int       `json:"chosen"`
	Microseconds []float64 `json:"microseconds,omitempty"`
	Nodes        int       `json:"nodes"` // that it becomes in a graph
	Worst        float64   `json:"worst"` // error, as a share of what is allowed
	Right        bool      `json:"right"`
}

var epilogueNames = map[cublaslt.Epilogue]string{
	cublaslt.Plain: "plain", cublaslt.ReLU: "relu", cublaslt.Bias: "bias", cublaslt.ReLUBias: "relu+bias",
	cublaslt.ReLU | cublaslt.Aux: "relu, mask", cublaslt.ReLUBias | cublaslt.Aux: "relu+bias, mask",
	cublaslt.DReLU: "drelu", cublaslt.DReLUBGrad: "drelu+bgrad", cublaslt.BGradA: "bgrad a", cublaslt.BGradB: "bgrad b",
}

func shapeOf(s cublaslt.Spec) string {
	letter := func(trans bool) string {
		if trans {
			return "T"
		}
		return "N"
	}
	return fmt.Sprintf("%dx%dx%d %s%s", s.M, s.N, s.K, letter(s.TransA), letter(s.TransB))
}

// factOf asks for a product once more, runs the algorithm that was chosen alone, and
// holds its numbers against float64.
func (d *Device) factOf(a *asked) (f productFact) {
	f = productFact{What: "product", Precision: d.options.Precision.String(), Shape: shapeOf(a.spec), Epilogue: epilogueNames[a.spec.Epilogue],
		Half: a.spec.TypeD == cublaslt.BF16, Added: a.spec.Beta != 0, Status: "ok", Candidates: a.candidates, Chosen: a.chosen, Microseconds: a.microseconds}
	if a.err != nil {
		f.Status = a.err.Error()
		return f
	}
	room := true
	err := d.worker.Do(func() (err error) {
		room, err = d.onTrack(a.spec, false, func(t *track) error {
			plan, err := d.lt.Plan(a.spec, workspaceSize, t.operands[3], t.operands[4])
			if err != nil {
				return err
			}
			defer plan.Free()
			plan.Choose(a.chosen)
			if f.Nodes, err = t.nodes(plan); err != nil {
				return err
			}
			f.Worst, err = newProductCheck(a.spec).run(t, plan)
			return err
		})
		return err
	})
	f.Right = err == nil && room && f.Worst <= 1
	if err != nil {
		f.Status = err.Error()
	} else if !room {
		f.Status = "no memory to run it alone"
	}
	return f
}

// productCheck is a product on operands that are exact in bfloat16, so that in every
// precision only the sums are rounded.
type productCheck struct {
	cublaslt.Spec
	a, b, d, bias []float32 // as they are stored
	mask          []byte
}

func newProductCheck(s cublaslt.Spec) *productCheck {
	draw := rand.New(rand.NewPCG(1, 2))
	values := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(draw.IntN(127)-63) / 64
		}
		return v
	}
	length := func(ld int, trans bool, plain, turned int) int {
		if trans {
			return ld * turned
		}
		return ld * plain
	}
	c := &productCheck{Spec: s, a: values(length(s.LDA, s.TransA, s.K, s.M)), b: values(length(s.LDB, s.TransB, s.N, s.K)),
		d: values(s.LDD * s.N), bias: values(max(s.M, s.N)), mask: make([]byte, s.AuxLD*s.N/8)}
	for i := range c.mask {
		c.mask[i] = byte(draw.IntN(256))
	}
	return c
}

// encoded is v as elements of a type.
func encoded(v []float32, of cublaslt.Type) []byte {
	if of == cublaslt.F32 {
		return asBytes(v)
	}
	half := make([]byte, 0, 2*len(v))
	for _, x := range v {
		u := math.Float32bits(x)
		half = append(half, byte(u>>16), byte(u>>24))
	}
	return half
}

func decoded(v []byte, of cublaslt.Type) []float32 {
	var all []float32
	for ; len(v) > 0 && of == cublaslt.F32; v = v[4:] {
		all = append(all, math.Float32frombits(uint32(v[0])|uint32(v[1])<<8|uint32(v[2])<<16|uint32(v[3])<<24))
	}
	for ; len(v) > 0; v = v[2:] {
		all = append(all, math.Float32frombits(uint32(v[0])<<16|uint32(v[1])<<24))
	}
	return all
}

// run is the largest error of the product, as a share of what is allowed.
func (c *productCheck) run(t *track, plan *cublaslt.Plan) (worst float64, err error) {
	host := [][]byte{encoded(c.a, c.Type), encoded(c.b, c.Type), encoded(c.d, c.TypeD), encoded(c.bias, c.TypeD), c.mask}
	move := func(i int, copies func(cu.DevicePtr, unsafe.Pointer, int64) error) {
		if err == nil && t.operands[i] != 0 && len(host[i]) > 0 {
			err = copies(cu.DevicePtr(t.operands[i]), unsafe.Pointer(&host[i][0]), int64(len(host[i])))
		}
	}
	err = t.stream.Synchronize() // what the track begins with is written
	for i := range host {
		move(i, cu.MemcpyHtoD)
	}
	if err == nil {
		err = t.run(plan)
	}
	if err == nil {
		err = t.stream.Synchronize()
	}
	host[2], host[3], host[4] = make([]byte, len(host[2])), make([]byte, len(host[3])), make([]byte, len(host[4]))
	for i := 2; i < len(host); i++ {
		move(i, func(at cu.DevicePtr, to unsafe.Pointer, n int64) error { return cu.MemcpyDtoH(to, at, n) })
	}
	if err != nil {
		return 0, err
	}
	return c.worst(decoded(host[2], c.TypeD), decoded(host[3], c.TypeD), host[4]), nil
}

func (c *productCheck) left(i, p int) float64 {
	if c.TransA {
		return float64(c.a[i*c.LDA+p])
	}
	return float64(c.a[p*c.LDA+i])
}

func (c *productCheck) right(p, j int) float64 {
	if c.TransB {
		return float64(c.b[p*c.LDB+j])
	}
	return float64(c.b[j*c.LDB+p])
}

// worst compares every element, or some of a large product, the last among them.
func (c *productCheck) worst(d, bias []float32, mask []byte) (worst float64) {
	note := func(got float32, want, size, rounds float64) {
		worst = max(worst, finite(math.Abs(float64(got)-want)/(1e-5*(size+1e-3)+rounds)))
	}
	all, some := c.M*c.N, min(c.M*c.N, max(64, (1<<21)/c.K))
	for n := range some {
		at := all - 1 - n*(all/some)
		i, j := at%c.M, at/c.M
		v, size := 0.0, 0.0
		for p := range c.K {
			x := c.left(i, p) * c.right(p, j)
			v, size = v+x, size+math.Abs(x)
		}
		at = j*c.LDD + i
		if c.Beta != 0 {
			v += float64(c.Beta) * float64(c.d[at])
		}
		rounds := c.rounds(v)
		v, size = c.end(v, size, i, j, mask)
		note(d[at], v, size, rounds+c.rounds(v))
	}
	sums := map[cublaslt.Epilogue]func(k, p int) float64{cublaslt.BGradA: c.left, cublaslt.BGradB: func(k, p int) float64 { return c.right(p, k) }}
	if element := sums[c.Epilogue]; element != nil {
		n := c.M
		if c.Epilogue == cublaslt.BGradB {
			n = c.N
		}
		for k := range n {
			v, size := 0.0, 0.0
			for p := range c.K {
				v, size = v+element(k, p), size+math.Abs(element(k, p))
			}
			note(bias[k], v, size, 0)
		}
	}
	return worst
}

// rounds is what rounding to the type of D makes of v at most. On a GPU a product in
// bfloat16 may be rounded twice: some algorithms store it, and another kernel adds the
// bias.
func (c *productCheck) rounds(v float64) float64 {
	if c.TypeD == cublaslt.BF16 {
		return math.Abs(v) / 256
	}
	return 0
}

// end is what the epilogue makes of v, whose terms are of that size altogether. A mask
// that is not that of v makes it infinite, unless v is 0 to rounding.
func (c *productCheck) end(v, size float64, i, j int, mask []byte) (float64, float64) {
	e, zero := c.Epilogue, c.rounds(v)
	if e == cublaslt.Bias || e&^cublaslt.Aux == cublaslt.ReLUBias {
		v += float64(c.bias[i])
		size += math.Abs(float64(c.bias[i]))
	}
	bit := j*c.AuxLD + i
	switch e {
	case cublaslt.ReLU | cublaslt.Aux, cublaslt.ReLUBias | cublaslt.Aux:
		if set := mask[bit/8]>>(bit%8)&1 == 1; set != (v > 0) && math.Abs(v) > 1e-5*size+zero {
			return math.Inf(1), size
		}
		v = max(v, 0)
	case cublaslt.ReLU, cublaslt.ReLUBias:
		v = max(v, 0)
	case cublaslt.DReLU:
		if c.mask[bit/8]>>(bit%8)&1 == 0 {
			v = 0
		}
	}
	return v, size
}

// String is for the test's log.
func (f productFact) String() string {
	also := ""
	if f.Half {
		also += ", bf16 result"
	}
	if f.Added {
		also += ", added"
	}
	return strings.TrimSpace(fmt.Sprintf("%s, %s, %s%s: %s; algorithm %d of %d, %d nodes, %.2g of the error allowed", f.Precision, f.Shape, f.Epilogue, also,
		f.Status, f.Chosen, f.Candidates, f.Nodes, f.Worst))
}

// worstOf is the largest error of one product where another is made.
func (d *Device) worstOf(is, was cublaslt.Spec) (worst float64, err error) {
	err = d.worker.Do(func() error {
		_, err := d.onTrack(is, false, func(t *track) error {
			if !was.Epilogue.HasBias() {
				t.operands[3] = 0
			}
			if !was.Epilogue.HasAux() {
				t.operands[4] = 0
			}
			plan, err := d.lt.Plan(was, workspaceSize, t.operands[3], t.operands[4])
			if err == nil {
				defer plan.Free()
				worst, err = newProductCheck(is).run(t, plan)
			}
			return err
		})
		return err
	})
	return worst, err
}

// Another product than the one that is checked is found, whatever it is.
func TestProductCheckFindsOtherProducts(t *testing.T) {
	sim := device(t)
	d := open(t, Options{Precision: BF16}).(*Device)
	defer func() {
		shut(t, d)
		sound(t, sim)
	}()
	spec := cublaslt.Spec{M: 24, N: 32, K: 24, LDA: 32, LDB: 32, LDD: 32, TransA: true, AuxLD: 128,
		AlignA: 16, AlignB: 16, AlignD: 16, Type: cublaslt.BF16, Compute: cublaslt.Compute32F}
	worst := func(checked, made func(*cublaslt.Spec)) (float64, error) {
		is, was := spec, spec
		checked(&is)
		made(&was)
		return d.worstOf(is, was)
	}
	end := func(e cublaslt.Epilogue) func(*cublaslt.Spec) { return func(s *cublaslt.Spec) { s.Epilogue = e } }
	both := func(a, b func(*cublaslt.Spec)) func(*cublaslt.Spec) { return func(s *cublaslt.Spec) { a(s); b(s) } }
	half, added := func(s *cublaslt.Spec) { s.TypeD = cublaslt.BF16 }, func(s *cublaslt.Spec) { s.Beta = 1 }
	gradient := func(s *cublaslt.Spec) { s.TransA, s.TransB = false, true } // of weights: the form in which steps ask for sums
	masked := cublaslt.ReLUBias | cublaslt.Aux
	for what, c := range map[string]struct{ is, was func(*cublaslt.Spec) }{
		"no ReLU":            {end(cublaslt.ReLUBias), end(cublaslt.Bias)},
		"no bias":            {end(cublaslt.Bias), end(cublaslt.Plain)},
		"no derivative":      {both(end(cublaslt.DReLU), half), both(end(cublaslt.Plain), half)},
		"no mask":            {end(masked), end(cublaslt.ReLUBias)},
		"no sums":            {both(end(cublaslt.BGradB), gradient), both(end(cublaslt.Plain), gradient)},
		"sums of the other":  {both(end(cublaslt.BGradB), gradient), both(end(cublaslt.BGradA), gradient)},
		"not added":          {both(end(cublaslt.Plain), added), end(cublaslt.Plain)},
		"the other way":      {end(cublaslt.Plain), both(end(cublaslt.Plain), func(s *cublaslt.Spec) { s.TransA = false })},
		"one term too few":   {end(cublaslt.Plain), both(end(cublaslt.Plain), func(s *cublaslt.Spec) { s.K-- })},
		"one column too few": {end(cublaslt.Plain), both(end(cublaslt.Plain), func(s *cublaslt.Spec) { s.N-- })},
	} {
		same, err := worst(c.is, c.is)
		other, err2 := worst(c.is, c.was)
		if err = errors.Join(err, err2); err != nil && (sim != nil || !errors.Is(err, cublaslt.ErrUnsupported)) {
			t.Fatal(err)
		}
		if err != nil {
			t.Logf("%s: %v", what, err)
			continue
		}
		if same > 1 {
			t.Errorf("%s: %.3g of the error allowed where nothing is wrong", what, same)
		}
		if other <= 1 {
			t.Errorf("%s: not found, %.3g of the error allowed", what, other)
		}
	}
}
