package dist

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// roomFor returns a port of this machine after which so many others are free, below those that systems hand out.
func roomFor(n int) (int, error) {
	for range 100 {
		first := 20000 + rand.IntN(12000-n)
		if free(first, n) {
			return first, nil
		}
	}
	return 0, fmt.Errorf("no %d ports in a row are free on 127.0.0.1, from 20000 to 32000", n+1)
}

func free(first, n int) bool {
	for port := first; port <= first+n; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}
