# make -j2 builds a program of eight files and an archive, then finds nothing to do.
# packages: make gcc libc6-dev
# seconds: 60
set -e
mkdir /tmp/build && cd /tmp/build
for i in 1 2 3 4 5 6 7 8; do
    printf 'int f%d(int x) { return x * %d + 1; }\n' $i $i > part$i.c
done
{
    for i in 1 2 3 4 5 6 7 8; do echo "int f$i(int);"; done
    echo '#include <stdio.h>'
    echo 'int main(void) { printf("%d", f1(f2(f3(f4(f5(f6(f7(f8(1))))))))); puts(""); }'
} > main.c
cat > Makefile <<'MAKE'
OBJECTS := $(patsubst %.c,%.o,$(sort $(wildcard part*.c)))
all: program
program: main.o libparts.a
	@$(CC) -o $@ $^
	@echo linked
libparts.a: $(OBJECTS)
	@ar rcs $@ $^
	@ar t $@ | tr '\n' ' '; echo
%.o: %.c
	@$(CC) -O1 -c -o $@ $<
fail: ; @exit 3
.PHONY: all fail
MAKE
make -j2
./program
make -j2
touch part3.c
make -j2
make fail 2>&1 || echo failed
