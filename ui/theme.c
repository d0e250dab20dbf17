// SPDX-License-Identifier: GPL-2.0-only
#include "theme.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(STYLE_UNKNOWN + 1 == N_STYLES && N_STYLES == 21, "a new style needs a name and a look in every theme");

const char *const theme_styles[N_STYLES] = {
	[STYLE_NORMAL] = "normal", [STYLE_DIM] = "dim", [STYLE_HEAD] = "head", [STYLE_TITLE] = "title", [STYLE_KEY] = "key",
	[STYLE_NOTE] = "note", [STYLE_GOOD] = "good", [STYLE_TAIL] = "tail", [STYLE_OVER] = "over", [STYLE_RUN] = "run",
	[STYLE_KERNEL] = "kernel", [STYLE_STEAL] = "steal", [STYLE_OUTSIDE] = "outside", [STYLE_DEVICE] = "device",
	[STYLE_IRQ] = "irq", [STYLE_SOFTIRQ] = "softirq", [STYLE_TIMER] = "timer", [STYLE_PEER] = "peer",
	[STYLE_QUEUE] = "queue", [STYLE_LOST] = "lost", [STYLE_UNKNOWN] = "unknown",
};

enum { THEME_DARK, THEME_LIGHT, THEME_MONO, N_THEMES };
const char *const theme_names[] = { "dark", "light", "mono", NULL };
_Static_assert(ARRAY_LEN(theme_names) == N_THEMES + 1, "every theme has a name");

#define B THEME_BOLD
#define U THEME_UNDERLINE

/*
 * The families of stages begin with the colours of Okabe and Ito (bluish green: run, sky blue: kernel, vermillion: steal, reddish
 * purple: irq, orange: queue), each as near as the 240 come to it; the rest was searched for so that no two of the twelve come
 * nearer to each other than the nearest two of Okabe and Ito's own, to the eye that sees all colours and to each of the three
 * kinds of dichromats. With less than 12 hues that takes differences in lightness, too.
 */
static const struct theme_look looks[][N_STYLES] = {
	[THEME_DARK] = {
		[STYLE_NORMAL] = { -1, -1, 0 }, [STYLE_DIM] = { 244, -1, 0 }, [STYLE_HEAD] = { 67, 6, U },
		[STYLE_TITLE] = { -1, -1, B }, [STYLE_KEY] = { 37, 6, B }, [STYLE_NOTE] = { 172, 3, 0 },
		[STYLE_GOOD] = { 36, 2, 0 }, [STYLE_TAIL] = { 220, 11, 0 }, [STYLE_OVER] = { 196, 9, B },
		[STYLE_RUN] = { 36, 2, 0 }, [STYLE_KERNEL] = { 81, 14, 0 }, [STYLE_STEAL] = { 166, 1, 0 },
		[STYLE_OUTSIDE] = { 243, -1, 0 }, [STYLE_DEVICE] = { 63, 12, 0 }, [STYLE_IRQ] = { 133, 5, 0 },
		[STYLE_SOFTIRQ] = { 176, 13, 0 }, [STYLE_TIMER] = { 184, 11, 0 }, [STYLE_PEER] = { 156, 10, 0 },
		[STYLE_QUEUE] = { 208, 3, 0 }, [STYLE_LOST] = { 217, 9, B }, [STYLE_UNKNOWN] = { 255, 15, B },
	},
	[THEME_LIGHT] = {
		[STYLE_NORMAL] = { -1, -1, 0 }, [STYLE_DIM] = { 241, -1, 0 }, [STYLE_HEAD] = { 25, 4, U },
		[STYLE_TITLE] = { -1, -1, B }, [STYLE_KEY] = { 24, 4, B }, [STYLE_NOTE] = { 130, 1, 0 },
		[STYLE_GOOD] = { 29, 2, 0 }, [STYLE_TAIL] = { 130, 5, 0 }, [STYLE_OVER] = { 124, 1, B },
		[STYLE_RUN] = { 65, 2, 0 }, [STYLE_KERNEL] = { 32, 6, 0 }, [STYLE_STEAL] = { 88, 1, 0 },
		[STYLE_OUTSIDE] = { 246, 8, 0 }, [STYLE_DEVICE] = { 19, 4, 0 }, [STYLE_IRQ] = { 53, 5, 0 },
		[STYLE_SOFTIRQ] = { 93, 13, 0 }, [STYLE_TIMER] = { 94, 3, 0 }, [STYLE_PEER] = { 25, 12, 0 },
		[STYLE_QUEUE] = { 136, 9, 0 }, [STYLE_LOST] = { 126, 0, U }, [STYLE_UNKNOWN] = { 238, -1, B },
	},
	[THEME_MONO] = { { -1, -1, 0 } },
};

static const uint8_t mono[N_STYLES] = {
	[STYLE_DIM] = THEME_DIM, [STYLE_HEAD] = U, [STYLE_TITLE] = B, [STYLE_KEY] = B, [STYLE_NOTE] = B, [STYLE_TAIL] = B,
	[STYLE_OVER] = B, [STYLE_OUTSIDE] = THEME_DIM, [STYLE_LOST] = B, [STYLE_UNKNOWN] = B,
};

static const struct theme default_theme;
static const struct theme *now = &default_theme;

void theme_use(const struct theme *t)
{
	now = t;
}

const struct theme *theme_now(void)
{
	return now;
}

bool theme_has_colors(const struct theme *t)
{
	return t->base != THEME_MONO;
}

struct theme_look theme_look(const struct theme *t, unsigned style)
{
	unsigned s = style < N_STYLES ? style : STYLE_NORMAL;

	return t->own >> s & 1 ? t->look[s] : looks[t->base < N_THEMES ? t->base : THEME_DARK][s];
}

unsigned theme_mono(unsigned style)
{
	return style < N_STYLES ? mono[style] : 0;
}

/* ---- what colours look like ---- */

static const uint32_t first_16[] = {
	0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
	0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
};

/* 16 as above, then a cube of 6 x 6 x 6, then 24 greys. */
uint32_t theme_rgb(int c256)
{
	static const uint8_t levels[] = { 0, 95, 135, 175, 215, 255 };
	unsigned i = c256 < 0 || c256 > 255 ? 0 : (unsigned)c256, grey = 8 + 10 * (i - 232);

	if (i < ARRAY_LEN(first_16))
		return first_16[i];
	if (i >= 232)
		return grey << 16 | grey << 8 | grey;
	i -= 16;
	return (uint32_t)levels[i / 36] << 16 | (uint32_t)levels[i / 6 % 6] << 8 | levels[i % 6];
}

/* Luminance, nearly: the square stands for the exponent 2.4, which 0.2 makes up for: at 0.18 both would be equally easy. */
bool theme_wants_black(int c256)
{
	uint32_t rgb = theme_rgb(c256), r = rgb >> 16, g = rgb >> 8 & 255, b = rgb & 255;

	return c256 < 0 || 2126 * r * r + 7152 * g * g + 722 * b * b > 2000u * 255 * 255;
}

/* The nearest of the colours [from, to). */
static int nearest(uint32_t rgb, int from, int to)
{
	int best = from;
	unsigned best_d = UINT32_MAX;

	for (int i = from; i < to; i++) {
		uint32_t c = theme_rgb(i);
		unsigned d = 0;

		for (int shift = 0; shift < 24; shift += 8) {
			int diff = (int)(c >> shift & 255) - (int)(rgb >> shift & 255);

			d += (unsigned)(diff * diff);
		}
		if (d < best_d) {
			best_d = d;
			best = i;
		}
	}
	return best;
}

/* ---- as users write them ---- */

/* "dark, light, mono" */
static void list_names(char *buf, size_t len, const char *const *names, size_t n)
{
	size_t at = 0;

	buf[0] = 0;
	for (size_t i = 0; i < n && at < len; i++)
		at += (size_t)snprintf(buf + at, len - at, "%s%s", i ? ", " : "", names[i]);
}

int theme_choose(struct theme *t, const char *name, struct err *err)
{
	char all[64];

	for (unsigned i = 0; i < N_THEMES; i++)
		if (!strcmp(theme_names[i], name)) {
			t->base = i;
			return 0;
		}
	list_names(all, sizeof all, theme_names, N_THEMES);
	return err_set(err, -EINVAL, "there is no such theme: there are %s", all);
}

static int name_16(const char *word)
{
	static const char *const names[] = { "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white" };
	int bright = strncmp(word, "bright-", 7) ? 0 : 8;

	for (int i = 0; i < 8; i++)
		if (!strcmp(word + (bright ? 7 : 0), names[i]))
			return i + bright;
	return -1;
}

/* False: word is no colour. */
static bool read_color(const char *word, struct theme_look *to)
{
	char *end;
	long n = name_16(word);

	if (!strcmp(word, "default")) {
		to->c256 = to->c16 = -1;
		return true;
	}
	if (word[0] == '#' && strlen(word) == 7 && strspn(word + 1, "0123456789abcdefABCDEF") == 6) {
		uint32_t rgb = (uint32_t)strtoul(word + 1, NULL, 16);

		to->c256 = (int16_t)nearest(rgb, 16, 256);
		to->c16 = (int8_t)nearest(rgb, 0, 16);
		return true;
	}
	if (n < 0 && isdigit((unsigned char)word[0])) {
		n = strtol(word, &end, 10);
		n = *end || n > 255 ? -1 : n;
	}
	if (n < 0)
		return false;
	to->c256 = (int16_t)n;
	to->c16 = (int8_t)(n < 16 ? n : nearest(theme_rgb((int)n), 0, 16));
	return true;
}

static unsigned read_attr(const char *word)
{
	static const struct { const char *name; unsigned attr; } attrs[] = {
		{ "bold", THEME_BOLD }, { "dim", THEME_DIM }, { "underline", THEME_UNDERLINE }, { "reverse", THEME_REVERSE },
	};

	for (size_t i = 0; i < ARRAY_LEN(attrs); i++)
		if (!strcmp(attrs[i].name, word))
			return attrs[i].attr;
	return 0;
}

static int read_look(const char *value, struct theme_look *to, struct err *err)
{
	char *words = xstrdup(value), *rest = words, *word;
	bool colored = false;
	int n = 0, rc = 0;

	*to = (struct theme_look){ -1, -1, 0 };
	while (!rc && (word = strsep(&rest, " \t"))) {
		unsigned attr = read_attr(word);

		if (!*word)
			continue;
		n++;
		to->attr |= (uint8_t)attr;
		if (attr)
			continue;
		if (colored || !read_color(word, to))
			rc = err_set(err, -EINVAL, "'%.40s' is %s: write a name such as bright-green, a number up to 255, #rrggbb or default; "
				     "bold, dim, underline or reverse may follow", word, colored ? "one colour too many" : "no colour");
		colored = true;
	}
	free(words);
	return rc || n ? rc : err_set(err, -EINVAL, "a colour is missing, as in bright-green, 214 or #e69f00 bold");
}

int theme_set(struct theme *t, const char *style, const char *value, struct err *err)
{
	struct theme_look look;
	char all[256];
	int rc;

	for (unsigned i = 0; i < N_STYLES; i++) {
		if (strcmp(theme_styles[i], style))
			continue;
		rc = read_look(value, &look, err);
		if (!rc) {
			t->look[i] = look;
			t->own |= 1u << i;
		}
		return rc;
	}
	list_names(all, sizeof all, theme_styles, N_STYLES);
	return err_set(err, -EINVAL, "there is no such style: there are %s", all);
}
