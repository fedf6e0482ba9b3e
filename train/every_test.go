package train

// Tests have the files of every epoch.
func init() { usualEvery = -1 }
