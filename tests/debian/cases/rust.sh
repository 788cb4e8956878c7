# The guest's own rustc, and a program with threads, channels, panics and collections.
# packages: rustc
# seconds: 120
set -e
cd /tmp
cat > main.rs <<'RUST'
use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, RwLock};
use std::thread;

fn main() {
    let total = Arc::new(Mutex::new(0u64));
    let barrier = Arc::new(Barrier::new(8));
    let map = Arc::new(RwLock::new(BTreeMap::new()));
    let workers: Vec<_> = (0..8u64)
        .map(|i| {
            let (total, barrier, map) = (total.clone(), barrier.clone(), map.clone());
            thread::spawn(move || {
                barrier.wait();
                for x in 0..20_000 {
                    *total.lock().unwrap() += x * i;
                }
                map.write().unwrap().insert(i, i.pow(3));
                i
            })
        })
        .collect();
    let ids: u64 = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
    println!("{} {} {:?}", ids, total.lock().unwrap(), map.read().unwrap());

    let (sender, receiver) = mpsc::channel();
    for id in 0..4 {
        let sender = sender.clone();
        thread::spawn(move || (0..100).for_each(|x| sender.send(id * x).unwrap()));
    }
    drop(sender);
    println!("{}", receiver.iter().sum::<i32>());

    let pair = Arc::new((Mutex::new(0), Condvar::new()));
    let other = pair.clone();
    let waiter = thread::spawn(move || {
        let guard = other.1.wait_while(other.0.lock().unwrap(), |n| *n < 10).unwrap();
        *guard
    });
    for _ in 0..10 {
        *pair.0.lock().unwrap() += 1;
        pair.1.notify_all();
    }
    println!("{}", waiter.join().unwrap());

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut text = String::new();
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
        text.len()
    });
    TcpStream::connect(address).unwrap().write_all(&[b'x'; 50_000]).unwrap();
    println!("{}", server.join().unwrap());

    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    let failed = thread::spawn(|| {
        let _loud = [Loud, Loud];
        let numbers: Vec<i32> = Vec::new();
        numbers[std::env::args().count()]
    });
    println!("{} {}", failed.join().is_err(), DROPS.load(Ordering::Relaxed));
    let mut words: HashMap<String, usize> = HashMap::new();
    (0..5000).for_each(|i| *words.entry(format!("w{}", i % 37)).or_default() += i);
    let mut best: Vec<_> = words.into_iter().collect();
    best.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    println!("{:?} {} {:e} {}", &best[..2], u128::MAX / 3, 1.5f64.powf(33.3), f32::MAX);
    std::process::exit(i32::from(5u8.checked_sub(6).is_none()) * 7);
}
RUST
for level in 0 2; do
    rustc --edition 2021 -C opt-level=$level -o main main.rs
    ./main 2> err || echo "status $?"
    grep -c 'index out of bounds' err
done
echo 'fn main() { let x: u8 = "a"; }' > wrong.rs
rustc wrong.rs 2>&1 | grep '^error'
