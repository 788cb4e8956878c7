# javac, and a program with threads, exceptions, garbage collection and reflection, compiled while it runs.
# packages: openjdk-17-jdk-headless
# seconds: 120
set -e
cd /tmp
cat > Main.java <<'JAVA'
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.stream.*;

public class Main {
    interface Shape { double area(); }
    record Square(double side) implements Shape { public double area() { return side * side; } }
    record Circle(double radius) implements Shape { public double area() { return Math.PI * radius * radius; } }
    static class Node { Node next; int value; Node(Node next, int value) { this.next = next; this.value = value; } }
    static volatile int spins;

    static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
    static int deep(int n) { return n + deep(n + 1); }

    public static void main(String[] args) throws Exception {
        System.out.println(fib(27));
        double total = 0;
        for (int i = 0; i < 300000; i++) total += ((i & 1) == 0 ? new Square(i % 10) : new Circle(i % 7)).area();
        System.out.printf("%.4f%n", total);

        int nulls = 0;
        Node[] nodes = new Node[100];
        for (int i = 0; i < 100; i += 2) nodes[i] = new Node(null, i);
        for (int round = 0; round < 300; round++)
            for (Node node : nodes)
                try { nulls += node.value & 1; } catch (NullPointerException e) { nulls++; }
        System.out.println(nulls);
        try { deep(0); } catch (StackOverflowError e) { System.out.println("overflow"); }
        try { System.out.println(1 / (args.length)); } catch (ArithmeticException e) { System.out.println(e.getMessage()); }
        try { nodes[100].next = null; } catch (ArrayIndexOutOfBoundsException e) { System.out.println(e.getMessage()); }

        ExecutorService pool = Executors.newFixedThreadPool(4);
        AtomicLong sum = new AtomicLong();
        ConcurrentHashMap<Integer, Integer> map = new ConcurrentHashMap<>();
        List<Future<Integer>> results = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            final int id = t;
            results.add(pool.submit(() -> {
                Node list = null;
                for (int i = 0; i < 100000; i++) {
                    list = new Node(i % 1000 == 0 ? null : list, i);
                    if (i % 100 == 0) map.merge(i % 50, 1, Integer::sum);
                    sum.addAndGet(i);
                }
                return id + list.value;
            }));
        }
        for (Future<Integer> result : results) System.out.print(result.get() + " ");
        System.out.println(sum.get() + " " + map);
        pool.shutdown();

        Object lock = new Object();
        Thread waiter = new Thread(() -> { synchronized (lock) { try { lock.wait(60000); System.out.println("notified"); } catch (InterruptedException e) { System.out.println("interrupted"); } } });
        waiter.start();
        while (waiter.getState() != Thread.State.TIMED_WAITING) Thread.sleep(5);
        waiter.interrupt();
        waiter.join();
        // A loop without calls: a collection has to stop it by itself. The Zero VM never does, natively either.
        boolean zero = System.getProperty("java.vm.name").contains("Zero");
        Thread spinner = new Thread(() -> { int x = 0; while (spins == 0) { x++; if (zero) Thread.yield(); } });
        spinner.start();
        for (int i = 0; i < 5; i++) System.gc();
        spins = 1;
        spinner.join();
        System.out.println(IntStream.range(0, 100000).parallel().filter(i -> i % 7 == 3).asLongStream().sum());
        byte[][] garbage = new byte[50][];
        for (int i = 0; i < 2000; i++) garbage[i % 50] = new byte[20000];
        System.out.println(Stream.of("b", "a", "c").sorted().collect(Collectors.joining(",")) + " " + Long.MAX_VALUE / 3 + " "
            + Long.toHexString(Double.doubleToLongBits(Math.sqrt(2))) + " " + (int) Float.NaN + " " + (long) 1e30 + " " + "text".hashCode());
        System.out.println(Main.class.getDeclaredMethod("fib", int.class).invoke(null, 10) + " " + new java.math.BigInteger("7").pow(80));
        Process process = new ProcessBuilder("sh", "-c", "echo child; exit 4").start();
        System.out.println(new String(process.getInputStream().readAllBytes()).trim() + " " + process.waitFor());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("end")));
    }
}
JAVA
javac -d out Main.java
java -Xmx64m -cp out Main
java -Xint -Xmx64m -cp out Main | md5sum
java -XX:+IgnoreUnrecognizedVMOptions -XX:+UseSerialGC -Xcomp -XX:TieredStopAtLevel=1 -version 2>&1 | wc -l
jar --create --file a.jar --main-class Main -C out . && java -Xmx64m -jar a.jar | tail -n 1
