package hostmemory

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// group is a control group with a limit.
type group struct{ limit, used uint64 }

// version is what a version of control groups calls its files.
type version struct{ limit, used, cache string }

var (
	version1 = version{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
	version2 = version{"memory.max", "memory.current", "inactive_file"}
)

// groups are the control groups with a limit around the process, from its own to the outermost that it can see.
func (s system) groups() (all []group) {
	for line := range strings.SplitSeq(s.text("proc/self/cgroup"), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 {
			continue
		}
		v := version2
		switch {
		case parts[1] == "":
		case slices.Contains(strings.Split(parts[1], ","), "memory"):
			v = version1
		default:
			continue
		}
		root, at := s.mount(v)
		if at == "" {
			continue
		}
		// A container sees a part of the tree, whose root is somewhere in it.
		inside := strings.TrimPrefix(path.Clean("/"+parts[2]), path.Clean(root))
		for dir := path.Join(at, inside); ; dir = path.Dir(dir) {
			if g, ok := s.group(dir, v); ok {
				all = append(all, g)
			}
			if len(dir) <= len(at) {
				break
			}
		}
	}
	return all
}

// mount is the part of the tree of control groups that is mounted, and where; "" where none is.
func (s system) mount(v version) (root, at string) {
	for line := range strings.SplitSeq(s.text("proc/self/mountinfo"), "\n") {
		words := strings.Fields(line)
		dash := slices.Index(words, "-")
		if dash < 5 || dash+3 >= len(words) {
			continue
		}
		kind, options := words[dash+1], strings.Split(words[dash+3], ",")
		if v == version2 && kind == "cgroup2" || v == version1 && kind == "cgroup" && slices.Contains(options, "memory") {
			return words[3], words[4]
		}
	}
	return "", ""
}

// group reads a control group. Files that it has read and can let go of do not count as used.
func (s system) group(dir string, v version) (group, bool) {
	limit, ok := s.number(path.Join(dir, v.limit))
	if !ok {
		return group{}, false
	}
	used, _ := s.number(path.Join(dir, v.used))
	cache, _ := strconv.ParseUint(s.field(path.Join(dir, "memory.stat"), v.cache, " "), 10, 64)
	return group{limit, less(used, cache)}, true
}
