//! Log messages: `demotic: [level target] message`, on stderr or in a file.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::failure::{self, Failure};
use crate::flags::LogFlags;

/// Starts logging.
///
/// # Errors
/// When the filter is malformed or the file cannot be opened.
pub(crate) fn start(flags: &LogFlags) -> Result<(), Failure> {
    let filter = flags.log.as_deref().unwrap_or("warn");
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::usage(format!(
            "--log {filter}: {error}; write e.g. `debug` or `syscall=debug,translate=info`"
        ))
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).event_format(Line);
    match &flags.log_file {
        None => builder.with_writer(io::stderr).init(),
        Some(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            open(&path).map_err(failure::io(format_args!("cannot log to {}", path.display())))?;
            builder.with_writer(move || writer(&path)).init();
        }
    }
    Ok(())
}

/// Opens the log. Forked guests share the file.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// Where one message goes. The file is opened for each: the process's descriptors are the guest's, who may close what
/// it finds and have its own files under the same numbers.
fn writer(path: &Path) -> Box<dyn io::Write> {
    match open(path) {
        Ok(file) => Box::new(file),
        Err(_) => Box::new(io::sink()),
    }
}

/// A message is one line. Warnings and errors are for users and do not name their origin.
struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, cx: &FmtContext<'_, S, N>, mut w: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let meta = event.metadata();
        match *meta.level() {
            Level::ERROR => write!(w, "demotic: ")?,
            Level::WARN => write!(w, "demotic: warning: ")?,
            level => write!(w, "demotic: [{} {}] ", level.as_str().to_lowercase(), meta.target())?,
        }
        cx.field_format().format_fields(w.by_ref(), event)?;
        writeln!(w)
    }
}
