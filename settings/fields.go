package settings

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

var configType = reflect.TypeFor[Config]()

// fields returns the indices of the settings among Config's fields.
func fields() []int {
	var all []int
	for i := range configType.NumField() {
		if configType.Field(i).IsExported() {
			all = append(all, i)
		}
	}
	return all
}

// yamlName returns the YAML name of a field.
func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

// Name returns the YAML name of a field of Config, the field itself where there is
// none of it.
func Name(field string) string {
	if f, ok := configType.FieldByName(field); ok && f.IsExported() {
		return yamlName(f)
	}
	return field
}

// Names returns the YAML names of all settings.
func Names() []string {
	var all []string
	for _, i := range fields() {
		all = append(all, yamlName(configType.Field(i)))
	}
	return all
}

// find returns the field with that YAML name.
func (c *Config) find(name string) (reflect.Value, reflect.StructField, bool) {
	for _, i := range fields() {
		if f := configType.Field(i); yamlName(f) == name {
			return reflect.ValueOf(c).Elem().Field(i), f, true
		}
	}
	return reflect.Value{}, reflect.StructField{}, false
}

// Get returns the value of the setting with that YAML name, nil where there is none.
func (c *Config) Get(name string) any {
	v, _, ok := c.find(name)
	if !ok {
		return nil
	}
	return v.Interface()
}

// Set reads the setting with that YAML name from its text.
func (c *Config) Set(name, text string) error {
	v, f, ok := c.find(name)
	if !ok {
		return &UnknownError{Name: name}
	}
	if err := read(v, f.Name, text); err != nil {
		return err
	}
	return c.checkNumber(f.Name)
}

// read sets a field to what text says.
func read(v reflect.Value, field, text string) error {
	if text == "" {
		return wrong(field, "is empty: expected a value")
	}
	want, most := "", ""
	var err error
	switch p := v.Addr().Interface().(type) {
	case *Number:
		return readOpen(p, field, text)
	case encoding.TextUnmarshaler:
		if err = p.UnmarshalText([]byte(text)); err != nil {
			return &Error{Field: field, Err: err}
		}
	case *string:
		*p = text
	case *bool:
		*p, err = strconv.ParseBool(text)
		want = "true or false"
	case *int:
		*p, err = strconv.Atoi(text)
		want, most = "a whole number", fmt.Sprintf(" up to %d", math.MaxInt)
	case *uint64:
		*p, err = strconv.ParseUint(text, 10, 64)
		want, most = "a whole number, 0 or more", fmt.Sprintf(", up to %d", uint64(math.MaxUint64))
	case *float64:
		*p, err = strconv.ParseFloat(text, 64)
		want, most = "a number", " that fits float64"
	default:
		return &Error{Field: field, Err: errors.New("this setting has no text")}
	}
	if errors.Is(err, strconv.ErrRange) {
		want += most
	}
	if err != nil {
		return wrong(field, "is %q: expected %s", text, want)
	}
	return nil
}

// Flags returns the command line's words for the config: its model, and each
// setting that differs from that preset's. Data and its fingerprint are no flags.
func (c *Config) Flags() ([]string, error) {
	full, err := c.Complete()
	if err != nil {
		return nil, err
	}
	preset, err := Preset(full.Model)
	if err != nil {
		return nil, err
	}
	flags := []string{"--model", full.Model}
	for _, name := range slices.DeleteFunc(Names(), func(n string) bool { return n == "data" || n == "data-fingerprint" || n == "model" }) {
		value := full.Get(name)
		text := fmt.Sprint(value)
		_, plain := value.(bool)
		switch {
		case text == fmt.Sprint(preset.Get(name)):
		case plain:
			flags = append(flags, "--"+name+"="+text)
		default:
			flags = append(flags, "--"+name, text)
		}
	}
	return flags, nil
}
