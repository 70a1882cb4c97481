//! The help of the whole program: its commands, by what they are for.

use clap::Command;
use std::fmt::Write;

/// Headings, and the commands under each.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Set up", &["init", "config", "oracle", "completions"]),
    ("Run", &["run", "status", "doctor"]),
    ("Look after a running relayer", &["request", "contract", "chain", "job", "worker", "events"]),
    ("Help", &["help"]),
];

/// `command`, with its subcommands under headings.
pub(super) fn grouped(command: Command) -> Command {
    let mut built = command.clone();
    built.build();
    let width = built.get_subcommands().map(|sub| sub.get_name().len()).max().unwrap_or(0);
    let mut listed = String::new();
    for (heading, names) in GROUPS {
        // Writing to a String can't fail.
        let _ = writeln!(listed, "{heading}:");
        for sub in names.iter().filter_map(|name| built.find_subcommand(name)) {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            let first = about.split_once(". ").map_or(about.as_str(), |(first, _)| first);
            let _ = writeln!(listed, "  {:<width$}  {first}", sub.get_name());
        }
        listed.push('\n');
    }
    command
        .help_template("{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}Options:\n{options}{after-help}")
        .before_help(listed)
        .after_help(
            "`relayer COMMAND --help` says more.\nExit codes: 0 done; 1 failed or refused; 2 wrong usage; `relayer \
             status` has more.",
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    #[test]
    fn every_command_is_listed_under_one_heading() {
        let mut command = Cli::command();
        command.build();
        let mut there: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        there.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, there);
        let help = grouped(Cli::command()).render_help().to_string();
        assert!(help.contains("Look after a running relayer:\n  request "), "{help}");
    }

    #[test]
    fn the_commands_are_consistent() {
        grouped(Cli::command()).debug_assert();
    }
}
