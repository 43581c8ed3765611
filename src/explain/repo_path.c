/*
 * repo_path: first the form (URI, backslashes, dots), then a table of folders in front.
 *
 * A segment of the table is a name, or "*" for any one, or "=" for the same as the one before it: GitHub's runner
 * names the folder of a checkout twice, which tells it from a folder that merely looks alike. Where a runner leaves
 * open how deep the checkout lies (GitLab's subgroups), the shallow case is taken.
 */
#include "explain/repo_path.h"

#include <string.h>

static const char *const checkouts[] = {
	"/home/runner/work/*/=/",                 /* GitHub, Linux */
	"/Users/runner/work/*/=/",                /* GitHub, macOS */
	"/__w/*/=/",                              /* GitHub, in a container */
	"/github/workspace/",                     /* GitHub, an action in a container */
	"/**/_work/*/=/",                         /* GitHub, a runner of one's own */
	"?:/a/*/=/",                              /* GitHub, Windows */
	"?:/**/_work/*/=/",                       /* the same of one's own */
	"?:/a/*/s/",                              /* Azure, Windows */
	"/home/vsts/work/*/s/",                   /* Azure, Linux */
	"/Users/runner/work/*/s/",                /* Azure, macOS */
	"/**/_work/*/s/",                         /* Azure, an agent of one's own */
	"/builds/worker/checkouts/*/",            /* Taskcluster */
	"/builds/*/*/",                           /* GitLab */
	"?:/GitLab-Runner/builds/*/*/*/*/",       /* GitLab, Windows */
	"/root/.cache/act/*/hostexecutor/",       /* Forgejo, Gitea: on the host */
	"/var/lib/jenkins/workspace/*/",          /* Jenkins */
	"/home/jenkins/workspace/*/",             /* the same */
	"/home/jenkins/agent/workspace/*/",       /* the same in Kubernetes */
	"?:/Jenkins/workspace/*/",                /* the same on Windows */
	"/home/circleci/project/",                /* CircleCI */
	"/home/travis/build/*/*/",                /* Travis */
	"/drone/src/",                            /* Drone */
	"/woodpecker/src/*/*/*/",                 /* Woodpecker */
	"/opt/atlassian/pipelines/agent/build/",  /* Bitbucket */
	"/var/lib/buildkite-agent/builds/*/*/*/", /* Buildkite */
	"/tmp/cirrus-ci-build/",                  /* Cirrus */
	"?:/projects/*/",                         /* AppVeyor */
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

static char byte_of(char high, char low)
{
	return (char)((unsigned)hex(high) << 4 | (unsigned)hex(low));
}

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool has_drive(struct str s)
{
	return s.len >= 3 && is_letter(s.p[0]) && s.p[1] == ':' && (s.p[2] == '/' || s.p[2] == '\\');
}

/* "file:///a/b", "file://localhost/a/b", "file:/a/b"; of a drive: "file:///C:/a". Decoded into out. */
static struct str from_uri(struct str s, char *out)
{
	size_t n = 0;

	s = str_from(s, 5);
	if (str_starts(s, STR("//")))
		s = str_from(s, 2 + str_find(str_from(s, 2), '/'));
	for (size_t i = 0; i < s.len; i++) {
		bool escaped = s.p[i] == '%' && i + 2 < s.len && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0;

		out[n++] = escaped ? byte_of(s.p[i + 1], s.p[i + 2]) : s.p[i];
		i += escaped ? 2 : 0;
	}
	s = (struct str){ out, n };
	return has_drive(str_from(s, 1)) ? str_from(s, 1) : s;
}

/* The next segment of *s, which moves behind its slash. False: no slash comes any more. */
static bool next_segment(struct str *s, struct str *ret)
{
	size_t slash = str_find(*s, '/');

	if (slash == s->len)
		return false;
	*ret = (struct str){ s->p, slash };
	*s = str_from(*s, slash + 1);
	return true;
}

/* "?:" is any drive. */
static bool is_like(struct str segment, struct str pattern, struct str before)
{
	if (str_eq(pattern, STR("*")))
		return segment.len > 0;
	if (str_eq(pattern, STR("=")))
		return segment.len > 0 && str_eq(segment, before);
	if (str_eq(pattern, STR("?:")))
		return segment.len == 2 && is_letter(segment.p[0]) && segment.p[1] == ':';
	return str_eq_nocase(segment, pattern);
}

/* Is path under the folder? *ret_rest: what is behind it. "**" is any number of segments, the fewest that do. */
static bool is_under(struct str path, struct str pattern, struct str *ret_rest)
{
	struct str segment, want, before = STR("");

	while (next_segment(&pattern, &want)) {
		if (str_eq(want, STR("**"))) {
			while (!is_under(path, pattern, ret_rest))
				if (!next_segment(&path, &segment))
					return false;
			return true;
		}
		if (!next_segment(&path, &segment) || !is_like(segment, want, before))
			return false;
		before = segment;
	}
	*ret_rest = path;
	return path.len > 0;
}

/* One segment behind what is in out: "." and an empty one are nothing, ".." takes the last one away. */
static size_t add_segment(char *out, size_t n, struct str segment, size_t root)
{
	if (segment.len == 0 || str_eq(segment, STR(".")))
		return n;
	if (str_eq(segment, STR("..")) && n > root && !str_ends((struct str){ out, n }, STR("../"))) {
		for (n--; n > root && out[n - 1] != '/';)
			n--;
		return n;
	}
	memcpy(out + n, segment.p, segment.len);
	out[n + segment.len] = '/';
	return n + segment.len + 1;
}

/* Slashes for backslashes, "a/./b//c/../d" as "a/b/d". out has a byte more than s. */
static struct str plain_form(struct str s, bool windows, char *out)
{
	size_t root = s.len > 0 && s.p[0] == '/', n = root, from = 0;

	if (root)
		out[0] = '/';
	for (size_t i = 0; i <= s.len; i++) {
		if (i < s.len && s.p[i] != '/' && !(windows && s.p[i] == '\\'))
			continue;
		n = add_segment(out, n, (struct str){ s.p + from, i - from }, root);
		from = i + 1;
	}
	if (n > root && !(s.len > 0 && s.p[s.len - 1] == '/'))
		n--;
	return (struct str){ out, n };
}

struct str repo_path(struct str path, struct arena *a)
{
	char decoded[REPO_PATH_MAX], plain[REPO_PATH_MAX + 2];
	struct str rest;

	path = str_trim(path);
	if (path.len == 0 || path.len > REPO_PATH_MAX)
		return STR("");
	if (str_starts(path, STR("file:")))
		path = from_uri(path, decoded);
	bool windows = has_drive(path) || (str_find(path, '/') == path.len && path.len > 0);
	path = plain_form(path, windows, plain);
	for (size_t i = 0; i < sizeof checkouts / sizeof checkouts[0]; i++)
		if (is_under(path, str_z(checkouts[i]), &rest))
			return arena_str(a, rest);
	return path.len > 0 ? arena_str(a, path) : STR("");
}
