package settings

import "strings"

// initDigest stands between the path and the digest of InitFrom.
const initDigest = "@sha256:"

// InitFile returns what InitFrom names, and the sha256 that the file must have, "" where any will do.
func (c *Config) InitFile() (path, digest string) {
	if i := strings.LastIndex(c.InitFrom, initDigest); i >= 0 {
		return c.InitFrom[:i], c.InitFrom[i+len(initDigest):]
	}
	return c.InitFrom, ""
}

// SetInitFile sets InitFrom to a path and a digest, which may be "".
func (c *Config) SetInitFile(path, digest string) {
	c.InitFrom = path
	if digest != "" {
		c.InitFrom += initDigest + digest
	}
}

// checkInit refuses what would take the place of the weights that are given.
func (c *Config) checkInit() error {
	path, digest := c.InitFile()
	switch {
	case c.InitFrom == "":
	case path == "" || strings.ContainsAny(path, "\n\r"):
		return wrong("InitFrom", "is %q: expected the path of a run or a model file", c.InitFrom)
	case digest != "" && (len(digest) != 64 || strings.Trim(digest, "0123456789abcdef") != ""):
		return wrong("InitFrom", "has the digest %q: expected 64 hexadecimal digits, or none", digest)
	case c.PretrainEpochs > 0:
		return wrong("InitFrom", "is %s, and {PretrainEpochs} %d starts every layer anew: set it to 0", path, c.PretrainEpochs)
	}
	return nil
}
