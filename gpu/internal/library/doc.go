// Package library finds NVIDIA's libraries that are loaded at run time: where the loader looks, and in the toolkits, the
// folders of the distribution and the Python packages that people have.
package library
