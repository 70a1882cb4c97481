//! Child processes that never outlive who started them.

use crate::wait_for;
use anyhow::{Context, Result, anyhow};
use rustix::process::{Pid, Resource, Rlimit, Signal, geteuid, kill_process_group, prlimit};
use std::{
    fs::{File, OpenOptions},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

/// Ends the group named by its first argument when its standard input ends.
const REAPER: &str = r#"cat >/dev/null; kill -9 "-$1" 2>/dev/null"#;

/// How many lines of a log are shown when something fails.
const TAIL_LINES: usize = 40;

/// A child process, in a process group of its own, so that a signal to ours doesn't reach it. It is
/// killed when its guard is dropped; a second, tiny process kills it when we end without dropping
/// anything.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    child: Child,
    group: Pid,
    ended: Option<ExitStatus>,
    reaper: Child,
}

impl Process {
    /// Starts `command`; what it writes is appended to `log`.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let out = appended(log)?;
        let err = out.try_clone()?;
        // Logs are read by people here, but not on a terminal; what they say is the configuration's to tell.
        command
            .env("NO_COLOR", "1")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0);
        let child = command.spawn().with_context(|| format!("can't start {name}: {command:?}"))?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("the process id is out of range")?;
        let reaper = Command::new("sh")
            .args(["-c", REAPER, "reaper", &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("can't start sh")?;
        Ok(Self { name: name.to_owned(), log: log.to_owned(), child, group, ended: None, reaper })
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its exit status; none while it runs.
    ///
    /// # Errors
    /// When the system can't say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// The process group that it and its children are in.
    #[must_use]
    pub const fn group(&self) -> Pid {
        self.group
    }

    /// Stops it where it is, its children too, until [`Self::resume`].
    ///
    /// # Errors
    /// When the signal can't be sent.
    pub fn pause(&self) -> Result<()> {
        Ok(kill_process_group(self.group, Signal::STOP)?)
    }

    /// Lets it go on after [`Self::pause`].
    ///
    /// # Errors
    /// When the signal can't be sent.
    pub fn resume(&self) -> Result<()> {
        Ok(kill_process_group(self.group, Signal::CONT)?)
    }

    /// From now on nothing is written beyond so many bytes of any file, its log included, as on a disk that is full;
    /// without a number all is as it was. The process must not have been left to die of it: see
    /// `unharmed_by_limits`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn limit_files(&self, bytes: Option<u64>) -> Result<()> {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(self.group), Resource::Fsize, limit).context("can't limit files")?;
        Ok(())
    }

    /// `kill -9`, and waits for the end. Nothing the process holds in memory survives.
    ///
    /// # Errors
    /// When the signal can't be sent.
    pub fn kill(&mut self) -> Result<()> {
        if self.ended()?.is_none() {
            kill_process_group(self.group, Signal::KILL)?;
            self.ended = Some(self.child.wait()?);
        }
        Ok(())
    }

    /// What a failed assertion of its own would send: SIGABRT, on which systems keep a process's memory.
    /// Waits for the end.
    ///
    /// # Errors
    /// When the signal can't be sent.
    pub fn abort(&mut self) -> Result<()> {
        if self.ended()?.is_none() {
            kill_process_group(self.group, Signal::ABORT)?;
            self.ended = Some(self.child.wait()?);
        }
        Ok(())
    }

    /// What ctrl-C sends: SIGINT. Doesn't wait for the end.
    ///
    /// # Errors
    /// When the signal can't be sent.
    pub fn interrupt(&mut self) -> Result<()> {
        if self.ended()?.is_none() {
            kill_process_group(self.group, Signal::INT)?;
        }
        Ok(())
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Errors
    /// When it doesn't end in time.
    pub async fn terminate(&mut self, deadline: Duration) -> Result<ExitStatus> {
        if self.ended()?.is_none() {
            kill_process_group(self.group, Signal::TERM)?;
        }
        let what = format!("the end of {}", self.name);
        wait_for(&what, deadline, async || self.ended()).await
    }

    /// Fails when the process has ended.
    ///
    /// # Errors
    /// With its exit status and the end of its log.
    pub fn expect_running(&mut self) -> Result<()> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => Err(anyhow!("{} ended with {status}\n{}", self.name, self.log_tail())),
        }
    }

    /// The end of what it wrote.
    #[must_use]
    pub fn log_tail(&self) -> String {
        log_tail(&self.name, &self.log)
    }
}

/// The command, started so that a write beyond a limit of [`Process::limit_files`] fails, and doesn't kill.
pub(crate) fn unharmed_by_limits(command: &Command) -> Command {
    started_by("sh", &["-c", r#"trap '' XFSZ; exec "$0" "$@""#], command)
}

/// The command, started so that the permissions of files hold for it; for root's own processes they don't.
pub(crate) fn bound_by_permissions(command: &Command) -> Command {
    if geteuid().is_root() {
        started_by("setpriv", &["--bounding-set=-all", "--inh-caps=-all"], command)
    } else {
        started_by("env", &[], command)
    }
}

/// The command with a program before it, which starts it in its own place.
fn started_by(program: &str, arguments: &[&str], command: &Command) -> Command {
    let mut starter = Command::new(program);
    starter.args(arguments).arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        starter.current_dir(directory);
    }
    starter.envs(command.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    starter
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it is gone, which is all that is wanted.
        let _ = self.kill();
        let _ = self.reaper.kill();
        let _ = self.reaper.wait();
    }
}

fn appended(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).append(true).open(path).with_context(|| format!("can't write {}", path.display()))
}

/// The end of a log, under a heading.
pub(crate) fn log_tail(name: &str, log: &Path) -> String {
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    format!("--- the end of {name}'s log ({})\n{}", log.display(), tail.join("\n"))
}
