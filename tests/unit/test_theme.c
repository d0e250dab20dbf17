// SPDX-License-Identifier: GPL-2.0-only
/*
 * Themes: can the colours of the stage families be read, and told apart by people who see fewer colours? Computed from their RGB
 * values: contrast as WCAG 2 has it; what dichromats see by the matrices of Machado, Oliveira and Fernandes (2009, severity 1);
 * distances in Ottosson's Oklab, where 0.02 is about what can just be seen. The measure for "far enough" is the palette of Okabe
 * and Ito, which was made for this: no two of our colours may come nearer than the nearest two of theirs.
 */
#include "tap.h"
#include "theme.h"

#include <errno.h>

enum { FIRST = STYLE_RUN, LAST = STYLE_UNKNOWN };	/* the families */

struct vec {
	double v[3];
};

/* The n-th root of x, by Newton's method: the tests do without libm. */
static double root(double x, int n)
{
	double r = x > 1 ? x : 1;

	for (int i = 0; i < 200 && x > 0; i++) {
		double p = 1;

		for (int k = 1; k < n; k++)
			p *= r;
		r += (x / p - r) / n;
	}
	return x > 0 ? r : 0;
}

static struct vec times(const double m[3][3], struct vec a)
{
	struct vec out;

	for (int i = 0; i < 3; i++)
		out.v[i] = m[i][0] * a.v[0] + m[i][1] * a.v[1] + m[i][2] * a.v[2];
	return out;
}

/* sRGB to linear light; the exponent 2.4 is 2 + 2/5. */
static struct vec linear(uint32_t rgb)
{
	struct vec out;

	for (int i = 0; i < 3; i++) {
		double c = (rgb >> (16 - 8 * i) & 255) / 255.0, b = (c + 0.055) / 1.055;

		out.v[i] = c <= 0.04045 ? c / 12.92 : b * b * root(b * b, 5);
	}
	return out;
}

static double contrast(uint32_t a, uint32_t b)
{
	struct vec la = linear(a), lb = linear(b);
	double ya = 0.2126 * la.v[0] + 0.7152 * la.v[1] + 0.0722 * la.v[2] + 0.05;
	double yb = 0.2126 * lb.v[0] + 0.7152 * lb.v[1] + 0.0722 * lb.v[2] + 0.05;

	return ya > yb ? ya / yb : yb / ya;
}

static const char *const eyes[] = { "all colours", "protanopia", "deuteranopia", "tritanopia" };
static const double seen_by[][3][3] = {
	{ { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
	{ { 0.152286, 1.052583, -0.204868 }, { 0.114503, 0.786281, 0.099216 }, { -0.003882, -0.048116, 1.051998 } },
	{ { 0.367322, 0.860646, -0.227968 }, { 0.280085, 0.672501, 0.047413 }, { -0.011820, 0.042940, 0.968881 } },
	{ { 1.255528, -0.076749, -0.178779 }, { -0.078411, 0.930809, 0.147602 }, { 0.004733, 0.691367, 0.303900 } },
};

static struct vec oklab(struct vec lin)
{
	static const double to_lms[3][3] = { { 0.4122214708, 0.5363325363, 0.0514459929 },
					     { 0.2119034982, 0.6806995451, 0.1073969566 },
					     { 0.0883024619, 0.2817188376, 0.6299787005 } };
	static const double to_lab[3][3] = { { 0.2104542553, 0.7936177850, -0.0040720468 },
					     { 1.9779984951, -2.4285922050, 0.4505937099 },
					     { 0.0259040371, 0.7827717662, -0.8086757660 } };
	struct vec lms;

	for (int i = 0; i < 3; i++)
		lin.v[i] = lin.v[i] < 0 ? 0 : lin.v[i] > 1 ? 1 : lin.v[i];
	lms = times(to_lms, lin);
	for (int i = 0; i < 3; i++)
		lms.v[i] = root(lms.v[i], 3);
	return times(to_lab, lms);
}

static double distance(uint32_t a, uint32_t b, size_t eye)
{
	struct vec la = oklab(times(seen_by[eye], linear(a))), lb = oklab(times(seen_by[eye], linear(b)));
	double sum = 0;

	for (int i = 0; i < 3; i++)
		sum += (la.v[i] - lb.v[i]) * (la.v[i] - lb.v[i]);
	return root(sum, 2);
}

struct nearest {
	double d;
	size_t i, j, eye;
};

static struct nearest nearest_of(const uint32_t *rgb, size_t n)
{
	struct nearest best = { 100, 0, 0, 0 };

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			for (size_t eye = 0; eye < ARRAY_LEN(eyes); eye++) {
				double d = distance(rgb[i], rgb[j], eye);

				if (d < best.d)
					best = (struct nearest){ d, j, i, eye };
			}
	return best;
}

/* What is written in here must be right before it can tell anything about our colours. */
static void test_sums(void)
{
	ok(contrast(0, 0xffffff) > 20.99 && contrast(0, 0xffffff) < 21.01, "black on white has contrast 21");
	ok(contrast(0x777777, 0xffffff) > 4.47 && contrast(0x777777, 0xffffff) < 4.49, "the well-known grey has 4.48");
	ok(distance(0, 0xffffff, 0) > 0.999 && distance(0, 0xffffff, 0) < 1.001, "from black to white it is 1");
	ok(distance(0x00cd00, 0xcd0000, 0) > 0.3, "red and green are far apart");
	ok(distance(0xbf5f00, 0x7f7f00, 2) < 0.06, "but not for a deuteranope");
}

static const uint32_t okabe_ito[] = { 0xe69f00, 0x56b4e9, 0x009e73, 0xf0e442, 0x0072b2, 0xd55e00, 0xcc79a7 };

static void test_families(const char *name, uint32_t ground)
{
	struct nearest theirs = nearest_of(okabe_ito, ARRAY_LEN(okabe_ito)), ours;
	uint32_t rgb[LAST - FIRST + 1];
	double worst = 100, ink = 100;
	struct theme t = { 0 };

	ok(!theme_choose(&t, name, NULL) && theme_has_colors(&t), "%s: there is such a theme, with colours", name);
	for (unsigned s = FIRST; s <= LAST; s++) {
		int c = theme_look(&t, s).c256;

		ok(c >= 16 && c < 256, "%s: %s is one of the colours that are the same everywhere (%d)", name, theme_styles[s], c);
		rgb[s - FIRST] = theme_rgb(c);
		worst = MIN(worst, contrast(rgb[s - FIRST], ground));
		ink = MIN(ink, contrast(rgb[s - FIRST], theme_wants_black(c) ? 0 : 0xffffff));
	}
	ok(worst >= 3, "%s: contrast with the ground is at least 3 (%.2f)", name, worst);
	ok(ink >= 4.5, "%s: and that of letters on bars at least 4.5 (%.2f)", name, ink);
	ours = nearest_of(rgb, ARRAY_LEN(rgb));
	ok(ours.d >= theirs.d, "%s: the nearest two, %s and %s for %s, are %.4f apart; those of Okabe and Ito %.4f", name,
	   theme_styles[FIRST + ours.i], theme_styles[FIRST + ours.j], eyes[ours.eye], ours.d, theirs.d);
}

/* Text in colours, and the three answers to a target. */
static void test_text(const char *name, uint32_t ground)
{
	static const uint8_t text[] = { STYLE_HEAD, STYLE_KEY, STYLE_NOTE, STYLE_GOOD, STYLE_TAIL, STYLE_OVER, STYLE_DIM };
	uint32_t verdict[3];
	struct theme t = { 0 };
	struct nearest n;

	theme_choose(&t, name, NULL);
	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		double c = contrast(theme_rgb(theme_look(&t, text[i]).c256), ground);

		ok(c >= 4.5, "%s: %s can be read (%.2f)", name, theme_styles[text[i]], c);
	}
	for (unsigned i = 0; i < 3; i++)
		verdict[i] = theme_rgb(theme_look(&t, STYLE_GOOD + i).c256);
	n = nearest_of(verdict, 3);
	ok(n.d >= 0.0761, "%s: met, missed sometimes and missed are %.4f apart (%s)", name, n.d, eyes[n.eye]);
}

/* Bold makes a colour bright where there are 8; what is left of a look there. */
static unsigned on_8(struct theme_look look)
{
	return look.c16 < 0 ? 100u + look.attr : (unsigned)(look.c16 & 7) * 16u + (look.attr | (look.c16 > 7 ? THEME_BOLD : 0u));
}

static void test_few_colours(const char *name)
{
	struct theme t = { 0 };
	unsigned same = 0;

	theme_choose(&t, name, NULL);
	for (unsigned a = FIRST; a <= LAST; a++)
		for (unsigned b = FIRST; b < a; b++)
			if (on_8(theme_look(&t, a)) == on_8(theme_look(&t, b))) {
				note("%s: %s and %s", name, theme_styles[a], theme_styles[b]);
				same++;
			}
	is_num(same, 0, "%s: with 8 colours and bold no two families look the same", name);
}

static void test_grounds(void)
{
	double worst = 100;

	/* 4.58 is the most that can be had on the worst of grounds. */
	for (int i = 16; i < 256; i++)
		worst = MIN(worst, contrast(theme_rgb(i), theme_wants_black(i) ? 0 : 0xffffff));
	ok(worst >= 4.4, "whatever colour a user chooses, letters on it can be read (%.2f)", worst);
	is_num(theme_rgb(16), 0, "the cube begins with black");
	is_num(theme_rgb(231), 0xffffff, "and ends with white");
	is_num(theme_rgb(244), 0x808080, "a grey");
	is_num(theme_rgb(-5), 0, "no colour");
	is_num(theme_rgb(256), 0, "and no other");
}

static void set(struct theme *t, const char *value, int c256, int c16, unsigned attr)
{
	struct theme_look look;

	is_num(theme_set(t, "queue", value, NULL), 0, "'%s' is a colour", value);
	look = theme_look(t, STYLE_QUEUE);
	ok(look.c256 == c256 && look.c16 == c16 && look.attr == attr, "'%s': %d of 256, %d of 16, attributes %u", value,
	   look.c256, look.c16, look.attr);
}

static void refused(const char *style, const char *value, const char *part)
{
	struct theme t = { 0 }, was = t;
	struct err e = { "" };

	is_num(theme_set(&t, style, value, &e), -EINVAL, "color.%s = '%s' is refused", style, value);
	has_text(e.text, part, "with a reason");
	ok(!memcmp(&t, &was, sizeof t), "and nothing has changed");
}

static void test_own(void)
{
	struct theme t = { 0 };
	struct err e;

	set(&t, "214", 214, 3, 0);
	set(&t, "bright-green", 10, 10, 0);
	set(&t, "red bold", 1, 1, THEME_BOLD);
	set(&t, "  underline\t#E69f00 ", 178, 3, THEME_UNDERLINE);
	set(&t, "default dim", -1, -1, THEME_DIM);
	set(&t, "reverse", -1, -1, THEME_REVERSE);
	set(&t, "255", 255, 7, 0);
	is_num(theme_choose(&t, "light", NULL), 0, "another theme");
	is_num(theme_look(&t, STYLE_QUEUE).c256, 255, "keeps the colours that were set one by one");
	is_num(theme_choose(&t, "lihgt", &e), -EINVAL, "a theme that is not there");
	has_text(e.text, "dark, light, mono", "is answered by those that are");
	is_num(theme_look(&t, STYLE_RUN).c256, 65, "and the theme stays");
	refused("rnu", "red", "normal, dim, head");
	refused("run", "", "missing");
	refused("run", "gren", "'gren' is no colour");
	refused("run", "256", "no colour");
	refused("run", "-1", "no colour");
	refused("run", "12x", "no colour");
	refused("run", "99999999999999999999", "no colour");
	refused("run", "#12345", "no colour");
	refused("run", "#12345g", "no colour");
	refused("run", "red green", "'green' is one colour too many");
	refused("run", "bright-", "no colour");
	is_num(theme_look(&t, N_STYLES + 7).c256, -1, "a style that is none looks normal");
}

static void test_mono(void)
{
	struct theme t = { 0 };

	ok(!theme_choose(&t, "mono", NULL) && !theme_has_colors(&t), "mono has no colours");
	ok(theme_mono(STYLE_TITLE) & THEME_BOLD, "but bold");
	ok(theme_mono(STYLE_OVER) != theme_mono(STYLE_GOOD), "what misses its target stands out");
	is_num(theme_mono(N_STYLES), 0, "no style, no attribute");
	for (unsigned s = 0; s < N_STYLES; s++)
		ok(theme_styles[s] && *theme_styles[s], "style %u has a name", s);
}

int main(void)
{
	test_sums();
	test_families("dark", 0x000000);
	test_families("light", 0xffffff);
	test_text("dark", 0x000000);
	test_text("light", 0xffffff);
	test_few_colours("dark");
	test_few_colours("light");
	test_grounds();
	test_own();
	test_mono();
	return done();
}
