/* Covers: a recursive-descent JSON parser with heap nodes; prints the canonical
 * form (sorted keys, no spaces, shortest escapes), statistics and errors. */
#include "t.h"

enum type { T_NULL, T_FALSE, T_TRUE, T_NUM, T_STR, T_ARR, T_OBJ, T_TYPES };

struct value {
    enum type type;
    int64_t num;       /* numbers are kept as mantissa * 10^exp10 */
    int exp10;
    char *str;         /* text, or the member's value's key */
    struct value **item;
    char **key;
    int n, cap;
};

static const char *in, *err;
static int depth, max_depth, count[T_TYPES];

static struct value *parse(void);

static struct value *fail(const char *why)
{
    if (!err)
        err = why;
    return NULL;
}

static void blank(void)
{
    while (*in == ' ' || *in == '\n' || *in == '\t' || *in == '\r')
        in++;
}

static struct value *new(enum type t)
{
    struct value *v = calloc(1, sizeof *v);
    v->type = t;
    count[t]++;
    return v;
}

static void push(struct value *v, char *k, struct value *x)
{
    if (v->n == v->cap) {
        v->cap = v->cap ? v->cap * 2 : 2;
        v->item = realloc(v->item, (size_t)v->cap * sizeof *v->item);
        v->key = realloc(v->key, (size_t)v->cap * sizeof *v->key);
    }
    v->key[v->n] = k;
    v->item[v->n++] = x;
}

static int hex4(void)
{
    int r = 0;
    for (int i = 0; i < 4; i++) {
        int c = *in++;
        r = r * 16 + (c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -100000);
    }
    return r;
}

static char *string(void)
{
    size_t cap = 16, n = 0;
    char *s = malloc(cap);
    in++;
    while (*in != '"') {
        unsigned c = (unsigned char)*in++;
        if (c < 0x20) {
            fail("control character in string");
            free(s);
            return NULL;
        }
        if (c == '\\') {
            c = (unsigned char)*in++;
            switch (c) {
            case 'n': c = '\n'; break;
            case 't': c = '\t'; break;
            case 'r': c = '\r'; break;
            case 'b': c = '\b'; break;
            case 'f': c = '\f'; break;
            case 'u': {
                int u = hex4();
                if (u < 0) {
                    fail("bad \\u");
                    free(s);
                    return NULL;
                }
                if (u >= 0xd800 && u < 0xdc00 && in[0] == '\\' && in[1] == 'u') {
                    in += 2;
                    u = 0x10000 + ((u - 0xd800) << 10) + (hex4() - 0xdc00);
                }
                if (n + 5 > cap)
                    s = realloc(s, cap *= 2);
                if (u < 0x80)
                    s[n++] = (char)u;
                else if (u < 0x800) {
                    s[n++] = (char)(0xc0 | u >> 6);
                    s[n++] = (char)(0x80 | (u & 63));
                } else if (u < 0x10000) {
                    s[n++] = (char)(0xe0 | u >> 12);
                    s[n++] = (char)(0x80 | (u >> 6 & 63));
                    s[n++] = (char)(0x80 | (u & 63));
                } else {
                    s[n++] = (char)(0xf0 | u >> 18);
                    s[n++] = (char)(0x80 | (u >> 12 & 63));
                    s[n++] = (char)(0x80 | (u >> 6 & 63));
                    s[n++] = (char)(0x80 | (u & 63));
                }
                continue;
            }
            case '"': case '\\': case '/': break;
            default:
                fail("bad escape");
                free(s);
                return NULL;
            }
        }
        if (n + 5 > cap)
            s = realloc(s, cap *= 2);
        s[n++] = (char)c;
    }
    in++;
    s[n] = 0;
    return s;
}

static struct value *number(void)
{
    struct value *v = new(T_NUM);
    int neg = *in == '-';
    in += neg;
    if (*in < '0' || *in > '9')
        return fail("bad number");
    for (; *in >= '0' && *in <= '9'; in++)
        v->num = v->num * 10 + (*in - '0');
    if (*in == '.')
        for (in++; *in >= '0' && *in <= '9'; in++) {
            v->num = v->num * 10 + (*in - '0');
            v->exp10--;
        }
    if (*in == 'e' || *in == 'E') {
        int e = 0, en = 0;
        in++;
        if (*in == '+' || *in == '-')
            en = *in++ == '-';
        for (; *in >= '0' && *in <= '9'; in++)
            e = e * 10 + (*in - '0');
        v->exp10 += en ? -e : e;
    }
    if (neg)
        v->num = -v->num;
    while (v->num && v->num % 10 == 0) {
        v->num /= 10;
        v->exp10++;
    }
    return v;
}

static struct value *compound(void)
{
    char close = *in == '[' ? ']' : '}';
    struct value *v = new(close == ']' ? T_ARR : T_OBJ);
    in++;
    if (++depth > max_depth)
        max_depth = depth;
    blank();
    if (*in == close) {
        in++;
        depth--;
        return v;
    }
    for (;;) {
        char *k = NULL;
        blank();
        if (close == '}') {
            if (*in != '"')
                return fail("key expected");
            if (!(k = string()))
                return NULL;
            blank();
            if (*in++ != ':')
                return fail("colon expected");
        }
        struct value *x = parse();
        if (!x)
            return NULL;
        push(v, k, x);
        blank();
        char c = *in++;
        if (c == close)
            break;
        if (c != ',')
            return fail("comma expected");
    }
    depth--;
    return v;
}

static struct value *parse(void)
{
    blank();
    switch (*in) {
    case '{': case '[': return compound();
    case '"': {
        char *s = string();
        if (!s)
            return NULL;
        struct value *v = new(T_STR);
        v->str = s;
        return v;
    }
    case 't': if (!strncmp(in, "true", 4)) { in += 4; return new(T_TRUE); } break;
    case 'f': if (!strncmp(in, "false", 5)) { in += 5; return new(T_FALSE); } break;
    case 'n': if (!strncmp(in, "null", 4)) { in += 4; return new(T_NULL); } break;
    default: return number();
    }
    return fail("bad literal");
}

static void put_str(const char *s)
{
    putchar('"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void put(struct value *v)
{
    switch (v->type) {
    case T_NULL: printf("null"); break;
    case T_TRUE: printf("true"); break;
    case T_FALSE: printf("false"); break;
    case T_NUM:
        printf("%lld", (long long)v->num);
        if (v->exp10)
            printf("e%d", v->exp10);
        break;
    case T_STR: put_str(v->str); break;
    case T_ARR:
        for (int i = 0; i < v->n; i++) {
            putchar(i ? ',' : '[');
            put(v->item[i]);
        }
        printf(v->n ? "]" : "[]");
        break;
    default:
        for (int i = 1; i < v->n; i++)
            for (int j = i; j && strcmp(v->key[j - 1], v->key[j]) > 0; j--) {
                char *k = v->key[j];
                struct value *x = v->item[j];
                v->key[j] = v->key[j - 1];
                v->item[j] = v->item[j - 1];
                v->key[j - 1] = k;
                v->item[j - 1] = x;
            }
        for (int i = 0; i < v->n; i++) {
            putchar(i ? ',' : '{');
            put_str(v->key[i]);
            putchar(':');
            put(v->item[i]);
        }
        printf(v->n ? "}" : "{}");
    }
}

static void release(struct value *v)
{
    for (int i = 0; i < v->n; i++) {
        free(v->key[i]);
        release(v->item[i]);
    }
    free(v->item);
    free(v->key);
    free(v->str);
    free(v);
}

static const char *const texts[] = {
    "null", " [ ] ", "{}", "-0", "12e3", "123456789012345678",
    "{\"name\": \"demo\", \"ver\": 1.50, \"tags\": [\"a\", \"b\\n\", \"\\u00e9\\ud83d\\ude00\"],\n"
    " \"nested\": {\"z\": [1, [2, [3, [4, {\"deep\": true}]]]], \"a\": null}, \"neg\": -12.0e-3}",
    "[1,2,3,4,5,6,7,8,9,10,false,true,null,\"\\\\\\\"\\/\"]",
    "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
    /* wrong on purpose */
    "{\"a\" 1}", "[1 2]", "tru", "\"\\q\"", "{1:2}", "[1,", "-", "\"\\u12g4\"", "[1] x",
};

int main(void)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        in = texts[i];
        err = NULL;
        depth = max_depth = 0;
        memset(count, 0, sizeof count);
        struct value *v = parse();
        blank();
        if (v && *in)
            v = fail("text after the value");
        if (v) {
            put(v);
            putchar('\n');
            release(v);
        } else {
            printf("error: %s at %d\n", err, (int)(in - texts[i]));
        }
        printf("  null %d bool %d num %d str %d arr %d obj %d depth %d\n", count[T_NULL],
               count[T_TRUE] + count[T_FALSE], count[T_NUM], count[T_STR], count[T_ARR],
               count[T_OBJ], max_depth);
    }
    return t_done();
}
