package train

import (
	"fmt"
	"reflect"
	"strings"
)

// Flags are the command line's words for the config: its model, and each setting that
// differs from that preset's. Data is no flag.
func (c *Config) Flags() ([]string, error) {
	preset, err := Preset(c.Model)
	if err != nil {
		return nil, err
	}
	flags := []string{"--model", c.Model}
	mine, usual := reflect.ValueOf(*c), reflect.ValueOf(preset)
	for i := range mine.NumField() {
		name, _, _ := strings.Cut(mine.Type().Field(i).Tag.Get("yaml"), ",")
		value := fmt.Sprint(mine.Field(i))
		switch {
		case name == "data" || value == fmt.Sprint(usual.Field(i)):
		case mine.Field(i).Kind() == reflect.Bool:
			flags = append(flags, "--"+name+"="+value)
		default:
			flags = append(flags, "--"+name, value)
		}
	}
	return flags, nil
}
