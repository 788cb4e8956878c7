# A Go program with goroutines, channels, preemption, panics, collections and sockets, cross-compiled natively.
# native: golang-go
# seconds: 120
set -e
mkdir -p /tmp/go && cd /tmp/go
cat > main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type tree struct {
	left, right *tree
	value       int
}

func build(depth int) *tree {
	if depth == 0 {
		return &tree{value: 1}
	}
	return &tree{build(depth - 1), build(depth - 1), depth}
}

func (t *tree) sum() int {
	if t == nil {
		return 0
	}
	return t.left.sum() + t.right.sum() + t.value
}

func nilValue(t *tree) (result string) {
	defer func() { result = fmt.Sprint(recover()) }()
	return fmt.Sprint(t.value)
}

func divide(a, b int) (result string) {
	defer func() { result = fmt.Sprint(recover()) }()
	return fmt.Sprint(a / b)
}

func serve(listener net.Listener) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		go func() { io.Copy(c, c); c.Close() }()
	}
}

func main() {
	runtime.GOMAXPROCS(4)
	var wg sync.WaitGroup
	var total int64
	results := make(chan int, 10)
	for i := 0; i < 200; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			t := build(8)
			atomic.AddInt64(&total, int64(t.sum()))
			results <- i * i
		}(i)
	}
	go func() { wg.Wait(); close(results) }()
	all := []int{}
	for r := range results {
		all = append(all, r)
	}
	sort.Ints(all)
	fmt.Println(total, len(all), all[199])

	// A loop without calls has to be preempted by a signal.
	var stop int32
	for i := 0; i < 4; i++ {
		go func() {
			x := 0
			for atomic.LoadInt32(&stop) == 0 {
				x++
			}
		}()
	}
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	atomic.StoreInt32(&stop, 1)
	fmt.Println("collected")
	debug.SetGCPercent(20)
	keep := map[int][]byte{}
	for i := 0; i < 20000; i++ {
		keep[i%50] = make([]byte, i%3000)
	}
	fmt.Println(len(keep), nilValue(nil), divide(1, len(os.Args)-1))

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go serve(listener)
	for i := 0; i < 20; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				panic(err)
			}
			fmt.Fprint(c, strings.Repeat("x", 10000+i))
			c.(*net.TCPConn).CloseWrite()
			back, _ := io.ReadAll(c)
			atomic.AddInt64(&total, int64(len(back)))
		}(i)
	}
	wg.Wait()
	fmt.Println(total)

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-signals)
	out, err := exec.Command("sh", "-c", "echo child; exit 3").Output()
	fmt.Printf("%q %v\n", out, err)
	select {
	case <-time.After(20 * time.Millisecond):
		fmt.Println("late")
	case <-signals:
	}
	var m sync.Mutex
	c := sync.NewCond(&m)
	ready := 0
	for i := 0; i < 50; i++ {
		go func() { m.Lock(); ready++; c.Signal(); m.Unlock() }()
	}
	m.Lock()
	for ready < 50 {
		c.Wait()
	}
	m.Unlock()
	fmt.Println(ready, 1.0/3, uint64(1)<<63/7)
	var p *tree
	p.value = 1
}
GO
case $ARCH in
armhf) target="GOARCH=arm GOARM=7" ;;
armel) target="GOARCH=arm GOARM=5" ;;
mipsel) target="GOARCH=mipsle GOMIPS=hardfloat" ;;
*) target=GOARCH=$ARCH ;;
esac
# shellcheck disable=SC2086
chroot /native env -C /tmp/go HOME=/tmp GO111MODULE=off GOFLAGS=-p=2 CGO_ENABLED=0 $target go build -o /tmp/go/program main.go
./program 2> err || echo "status $?"
head -n 2 err | sed 's, pc=.*,,'
