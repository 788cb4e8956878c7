//! The machine's console: where serial ports and semihosting write to and read from.
//!
//! Output is gathered into lines; it reaches the host at a newline, when the guest goes to sleep or looks for input,
//! and at the end. Input comes from a thread that waits for the host's standard input.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock::Alarm;

/// Output is handed on at the latest when this many bytes have gathered.
const GATHER: usize = 4096;

/// A handle to the console; clones share it.
#[derive(Clone)]
pub struct Console(Arc<Mutex<State>>);

struct State {
    out: Box<dyn Write + Send>,
    gathered: Vec<u8>,
    input: VecDeque<u8>,
    /// Some thread may still bring input.
    open: bool,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Console")
    }
}

impl State {
    fn hand_on(&mut self) -> io::Result<()> {
        let written = self.out.write_all(&self.gathered).and_then(|()| self.out.flush());
        self.gathered.clear();
        written
    }
}

impl Console {
    /// A console that writes to `out` and has no input yet.
    pub fn new(out: Box<dyn Write + Send>) -> Console {
        Console(Arc::new(Mutex::new(State {
            out,
            gathered: Vec::new(),
            input: VecDeque::new(),
            open: false,
        })))
    }

    /// A panic elsewhere costs at most some gathered output.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a byte of the guest's. A host that does not take output (a closed pipe) is no fault of the guest: it is
    /// logged, and the byte is lost, as on a serial line.
    pub fn put(&self, byte: u8) {
        let mut state = self.lock();
        state.gathered.push(byte);
        if (byte == b'\n' || state.gathered.len() >= GATHER)
            && let Err(error) = state.hand_on()
        {
            tracing::warn!("console output was lost: {error}");
        }
    }

    /// Hands on what has gathered.
    pub fn flush(&self) {
        let mut state = self.lock();
        if !state.gathered.is_empty()
            && let Err(error) = state.hand_on()
        {
            tracing::warn!("console output was lost: {error}");
        }
    }

    /// The next byte of input, if one has come.
    pub fn get(&self) -> Option<u8> {
        self.lock().input.pop_front()
    }

    /// Whether input is waiting.
    pub fn has_input(&self) -> bool {
        !self.lock().input.is_empty()
    }

    /// Whether input may still come.
    pub fn expects_input(&self) -> bool {
        self.lock().open
    }

    /// Adds bytes to the input.
    pub fn feed(&self, bytes: &[u8]) {
        self.lock().input.extend(bytes);
    }

    /// Feeds the console from the host's standard input, on a thread that lives as long as the process: nothing ends a
    /// blocking read early.
    ///
    /// # Errors
    /// When the host refuses another thread.
    pub fn read_stdin(&self, alarm: Alarm) -> io::Result<()> {
        self.lock().open = true;
        let console = self.clone();
        let pump = move || {
            let mut buf = [0; 256];
            while let Ok(n @ 1..) = io::stdin().lock().read(&mut buf) {
                console.feed(buf.get(..n).unwrap_or_default());
                alarm.raise();
            }
            console.lock().open = false;
            alarm.raise();
        };
        std::thread::Builder::new().name("machine-stdin".into()).spawn(pump)?;
        Ok(())
    }
}

/// For devices that want a `Write`; its `flush` is left to the rules of the console.
impl Write for Console {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        buf.iter().for_each(|&byte| self.put(byte));
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a machine wrote, for tests and for tools that show it elsewhere.
#[derive(Clone, Default, Debug)]
pub struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    /// What has been written so far, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Capture {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_appears_line_by_line() {
        let capture = Capture::default();
        let console = Console::new(Box::new(capture.clone()));
        b"a\nb".iter().for_each(|&b| console.put(b));
        assert_eq!(capture.text(), "a\n");
        console.flush();
        assert_eq!(capture.text(), "a\nb");
    }

    #[test]
    fn input_comes_in_order() {
        let console = Console::new(Box::new(io::sink()));
        assert_eq!(console.get(), None);
        console.feed(b"xy");
        assert!(console.has_input());
        assert_eq!((console.get(), console.get(), console.get()), (Some(b'x'), Some(b'y'), None));
    }
}
