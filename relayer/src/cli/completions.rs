use super::{Cli, output};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Print a script that completes commands and options in a shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    relayer completions bash > ~/.local/share/bash-completion/completions/relayer\n  \
    relayer completions zsh > ~/.zfunc/_relayer\n  \
    relayer completions fish > ~/.config/fish/completions/relayer.fish")]
pub(super) struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "relayer", &mut script);
        output::raw(&script)
    }
}
