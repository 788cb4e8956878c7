//! The kernel benchmark: the programs of `benches/kernels`, each run natively, under qemu-user, and under Demotic, in
//! turn, several times. Figures are ratios of the CPU time (user and system) of whole processes, start-up and
//! translation included. A program's time is the least of all rounds: it does the same work each time, and what else
//! runs on the machine only ever adds. A round runs everything once, so that a busy minute spoils one round of many
//! kernels and not all rounds of one.
//!
//! ```text
//! cargo bench --bench kernels -- [--rounds N] [--interp] [--only NAME] [--guest CONFIG] [--write-readme] [--json FILE]
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

const GUESTS: [(&str, &str); 4] =
    [("armhf", "qemu-arm"), ("thumb", "qemu-arm"), ("mipsel", "qemu-mipsel"), ("mips", "qemu-mips")];
const ENGINE_INTERP: &str = "interp";
const MARKERS: (&str, &str) = ("<!-- kernels -->", "<!-- /kernels -->");

struct Options {
    rounds: usize,
    interp: bool,
    only: Option<String>,
    guest: Option<String>,
    write_readme: bool,
    json: Option<PathBuf>,
}

/// The least CPU seconds of one kernel, for one guest.
#[derive(Clone, Copy)]
struct Least {
    native: f64,
    qemu: f64,
    auto: f64,
    interp: Option<f64>,
}

/// CPU seconds of one run and what it printed.
struct Run {
    seconds: f64,
    output: Vec<u8>,
}

/// Ratios to native of one kernel for one guest.
#[derive(Clone, Copy)]
struct Row {
    native: f64,
    qemu: f64,
    auto: f64,
    interp: Option<f64>,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    match measure(&options).and_then(|rows| report(&options, &rows)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("kernels: {message}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options =
        Options { rounds: 5, interp: false, only: None, guest: None, write_readme: false, json: None };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--rounds" => {
                options.rounds = value()?.parse().map_err(|_| "--rounds takes a number".to_string())?
            }
            "--interp" => options.interp = true,
            "--only" => options.only = Some(value()?),
            "--guest" => options.guest = Some(value()?),
            "--write-readme" => options.write_readme = true,
            "--json" => options.json = Some(value()?.into()),
            // Cargo adds this one.
            "--bench" => {}
            other => return Err(format!("unknown option {other}; see the head of benches/kernels.rs")),
        }
    }
    Ok(options)
}

fn measure(options: &Options) -> Result<BTreeMap<(&'static str, String), Row>, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = root.join("target/kernels");
    let status = Command::new(root.join("benches/kernels/build.sh")).arg(&built).status();
    if !status.is_ok_and(|s| s.success()) {
        return Err("benches/kernels/build.sh failed; tests/tools/setup.sh installs what it needs".into());
    }
    let mut names: Vec<String> = std::fs::read_dir(built.join("native"))
        .map_err(|e| e.to_string())?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| options.only.as_ref().is_none_or(|only| only == name))
        .collect();
    names.sort();
    let mut least = BTreeMap::new();
    for round in 0..options.rounds {
        for (guest, qemu) in GUESTS {
            if options.guest.as_ref().is_some_and(|g| g != guest) {
                continue;
            }
            for name in &names {
                let times = kernel(options.interp && round == 0, &built, guest, qemu, name)?;
                least
                    .entry((guest, name.clone()))
                    .and_modify(|l: &mut Least| l.lower(times))
                    .or_insert(times);
            }
        }
        eprintln!("round {} of {} done", round + 1, options.rounds);
    }
    Ok(least.into_iter().map(|(key, times)| (key, times.ratios())).collect())
}

impl Least {
    fn lower(&mut self, other: Least) {
        self.native = self.native.min(other.native);
        self.qemu = self.qemu.min(other.qemu);
        self.auto = self.auto.min(other.auto);
    }

    fn ratios(self) -> Row {
        let ratio = |seconds| seconds / self.native;
        Row {
            native: self.native,
            qemu: ratio(self.qemu),
            auto: ratio(self.auto),
            interp: self.interp.map(ratio),
        }
    }
}

/// Runs a kernel once in each way.
fn kernel(interp: bool, built: &Path, guest: &str, qemu: &str, name: &str) -> Result<Least, String> {
    let program = built.join(guest).join(name);
    let demotic = Path::new(env!("CARGO_BIN_EXE_demotic"));
    let native = run(Command::new(built.join("native").join(name)))?;
    let qemu = run_with(qemu.as_ref(), &[], &program)?;
    let auto = run_with(demotic, &["--engine", "auto"], &program)?;
    for (who, other) in [("qemu-user", &qemu), ("demotic", &auto)] {
        if other.output != native.output {
            return Err(format!("{name} for {guest} under {who} printed something else than natively"));
        }
    }
    let interp =
        if interp { Some(run_with(demotic, &["--engine", ENGINE_INTERP], &program)?.seconds) } else { None };
    Ok(Least { native: native.seconds, qemu: qemu.seconds, auto: auto.seconds, interp })
}

fn run_with(runner: &Path, args: &[&str], program: &Path) -> Result<Run, String> {
    let mut command = Command::new(runner);
    command.args(args).arg(program);
    run(command)
}

fn run(mut command: Command) -> Result<Run, String> {
    let before = children_seconds();
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|e| format!("{:?}: {e}", command.get_program()))?;
    if !output.status.success() {
        return Err(format!("{command:?} ended with {}", output.status));
    }
    Ok(Run { seconds: children_seconds() - before, output: output.stdout })
}

/// CPU time of all children that have been waited for.
#[expect(unsafe_code, reason = "the standard library does not tell the CPU time of a child")]
fn children_seconds() -> f64 {
    // SAFETY: `rusage` is plain data that the call fills.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage
    };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn geometric_mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0), |(s, n), v| (s + v.ln(), n + 1));
    (sum / f64::from(n)).exp()
}

fn report(options: &Options, rows: &BTreeMap<(&'static str, String), Row>) -> Result<(), String> {
    let table = table(options, rows);
    print!("{table}");
    if options.write_readme {
        write_readme(&table)?;
    }
    if let Some(path) = &options.json {
        std::fs::write(path, json(rows)).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// A table per guest, in Markdown.
fn table(options: &Options, rows: &BTreeMap<(&'static str, String), Row>) -> String {
    let mut out = format!(
        "CPU time of the whole process as a multiple of native's, least of {} rounds; lower is better.\n\n",
        options.rounds
    );
    for (guest, _) in GUESTS {
        let mine: Vec<(&String, &Row)> =
            rows.iter().filter(|((g, _), _)| *g == guest).map(|((_, n), r)| (n, r)).collect();
        if mine.is_empty() {
            continue;
        }
        let _ =
            writeln!(out, "| {guest} | native | qemu-user | demotic | faster than qemu-user | interpreter |");
        out.push_str("|---|---|---|---|---|---|\n");
        for (name, r) in &mine {
            let interp = r.interp.map_or("–".to_string(), |i| format!("{i:.0}"));
            let _ = writeln!(
                out,
                "| {name} | {:.2} s | {:.2} | {:.2} | {:.1}× | {interp} |",
                r.native,
                r.qemu,
                r.auto,
                r.qemu / r.auto
            );
        }
        let mean = |pick: fn(&Row) -> f64| geometric_mean(mine.iter().map(|(_, r)| pick(r)));
        let (qemu, auto) = (mean(|r| r.qemu), mean(|r| r.auto));
        let _ = writeln!(
            out,
            "| **geometric mean** | | **{qemu:.2}** | **{auto:.2}** | **{:.1}×** | |\n",
            qemu / auto
        );
    }
    out
}

fn json(rows: &BTreeMap<(&'static str, String), Row>) -> String {
    let list: Vec<serde_json::Value> = rows
        .iter()
        .map(|((guest, name), r)| {
            serde_json::json!({
                "guest": guest, "kernel": name, "native_s": r.native, "qemu": r.qemu, "auto": r.auto, "interp": r.interp,
            })
        })
        .collect();
    serde_json::Value::from(list).to_string()
}

/// Replaces what stands between the markers in README.md.
fn write_readme(table: &str) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
    let parts =
        text.split_once(MARKERS.0).and_then(|(head, rest)| Some((head, rest.split_once(MARKERS.1)?.1)));
    let (head, tail) = parts.ok_or("README.md has no place for the table")?;
    let text = format!("{head}{}\n{table}{}{tail}", MARKERS.0, MARKERS.1);
    std::fs::write(&path, text).map_err(|e| e.to_string())
}
