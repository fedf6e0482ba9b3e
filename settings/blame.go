package settings

import (
	"errors"
	"reflect"
)

// blamed are the fields that may be at fault for a model that cannot be, in the order
// in which they are suspected.
var blamed = []string{
	"Samples", "FreeBits", "Corrupt", "Sparsity", "Contract", "Dropout", "Decoder", "Tied", "Binarise", "OutputActivation", "CodeActivation", "Code", "Loss",
	"Hidden", "Latent",
}

// blame returns the error as one of the first field without which there is none, as it
// is where there is no such field.
func (c *Config) blame(err error) error {
	if known := (*Error)(nil); err == nil || errors.As(err, &known) {
		return err
	}
	usual := plain().Usual()
	for _, field := range blamed {
		one := *c
		reflect.ValueOf(&one).Elem().FieldByName(field).Set(reflect.ValueOf(&usual).Elem().FieldByName(field))
		if _, still := one.made(1); still == nil {
			return &Error{Field: field, Err: err}
		}
	}
	return err
}
