//! Runs a Linux program with the smallest engine there is.
//!
//! ```text
//! cargo run -p demotic-runtime --example interpret -- [--strace] [--sysroot DIR] [--argv0 NAME] [--] PROGRAM ARGUMENTS
//! ```

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;

use demotic_ir::Kicker;
use demotic_runtime::interpreter::Interpreter;
use demotic_runtime::loader::{LaunchOptions, load};

fn options() -> Option<LaunchOptions> {
    let mut options = LaunchOptions {
        envp: std::env::vars_os()
            .map(|(mut name, value)| {
                name.push("=");
                name.push(value);
                name
            })
            .collect(),
        ..LaunchOptions::default()
    };
    let mut args = std::env::args_os().skip(1);
    loop {
        let arg = args.next()?;
        match arg.to_str() {
            Some("--strace") => {
                options.strace = true;
                options.restart.prefix.push(arg);
            }
            Some("--sysroot") => {
                let root = args.next()?;
                options.restart.prefix.extend([arg, root.clone()]);
                options.sysroot = Some(root.into());
            }
            Some("--exec-fd") => options.program_fd = Some(args.next()?.to_str()?.parse().ok()?),
            Some("--argv0") => options.argv0 = Some(args.next()?),
            Some("--") => {
                options.program = args.next()?.into();
                break;
            }
            _ => {
                options.program = arg.into();
                break;
            }
        }
    }
    options.args = args.collect::<Vec<OsString>>();
    Some(options)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: interpret [--strace] [--sysroot DIR] [--argv0 NAME] [--] PROGRAM ARGUMENTS");
        return ExitCode::from(2);
    };
    let launch = match load(&options) {
        Ok(launch) => launch,
        Err(error) => {
            eprintln!("interpret: {error}");
            return ExitCode::from(127);
        }
    };
    static WORD: AtomicU64 = AtomicU64::new(0);
    let mut process = launch.process;
    process.set_kicker(Kicker::new(&WORD));
    let mut cpu = launch.cpu;
    Interpreter::new(launch.kind.architecture()).run(&mut cpu, &mut process, &WORD);
    process.terminate()
}
