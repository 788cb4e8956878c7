//! `demotic completions` and `demotic man`: what is generated from the options.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::failure::{self, Failure};
use crate::flags::Cli;

/// The completion script for a shell.
pub(crate) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "demotic", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page, the commands' options included.
///
/// # Errors
/// Never in practice: it is written to memory.
pub(crate) fn man() -> Result<String, Failure> {
    let mut cli = Cli::command();
    cli.build();
    let mut page = Vec::new();
    let render = clap_mangen::Man::new(cli.clone()).render(&mut page);
    render.map_err(failure::io("cannot make the manual page"))?;
    for command in cli.get_subcommands().filter(|c| c.get_name() != "help") {
        let title = format!(".SH \"DEMOTIC {}\"\n", command.get_name().to_uppercase());
        page.extend_from_slice(title.as_bytes());
        let section = clap_mangen::Man::new(command.clone());
        let parts = section
            .render_description_section(&mut page)
            .and_then(|()| section.render_synopsis_section(&mut page))
            .and_then(|()| section.render_options_section(&mut page));
        parts.map_err(failure::io("cannot make the manual page"))?;
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}
