// Quirks: what the hardware does, or may do, and a simpler simulator would not. AEGPU_CUDASIM_QUIRKS names them, separated by
// commas: one that is named is on, one with a minus before it is off, and the others are as their table says (doc.go).
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static const struct { const char *name; bool usual; } quirks[] = {
    {"mask-at-zero", true},     {"relu-drops-nan", true},   {"epilogues-differ", true}, {"strict-capture", true},
    {"no-drelu-k1", true},      {"rounds-first", true},     {"alignments-differ", true}, {"bgrad-two-nodes", false},
    {"drelu-two-nodes", false}, {"refuse-late", false},     {"refuse-captured", false},
};

static bool known(const char *name, size_t n) {
	for (auto &q : quirks)
		if (strlen(q.name) == n && strncmp(q.name, name, n) == 0)
			return true;
	return false;
}

bool quirk(const char *name) {
	bool on = false;
	for (auto &q : quirks)
		on |= strcmp(q.name, name) == 0 && q.usual;
	const char *list = getenv("AEGPU_CUDASIM_QUIRKS");
	for (const char *at = list ? list : ""; *at != 0;) {
		size_t n = strcspn(at, ",");
		bool off = *at == '-';
		if (!known(at + off, n - off))
			fault("there is no quirk %.*s", (int)n, at);
		if (strlen(name) == n - off && strncmp(at + off, name, n - off) == 0)
			on = !off;
		at += n + (at[n] == ',');
	}
	return on;
}
