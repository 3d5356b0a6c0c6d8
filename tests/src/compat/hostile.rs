//! Where frozen programs are run: as nobody, with nothing writable and nothing of the build in reach.
//!
//! Comes in: an executable and what must be hidden. Goes out: a command that runs it in a mount namespace of its own,
//! read-only all over, and which of that this machine permits. Nothing outside the namespace changes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::command::Run;
use crate::compat::rows::{Need, Program};

/// Where the executable stands inside the namespace: a folder that every Linux has, with nothing else in it.
pub const STAGE: &str = "/mnt";

/// The temporary folder inside the namespace.
pub const TEMP: &str = "/tmp";

/// A user without rights: `nobody` on every Linux.
const NOBODY: u32 = 65534;

/// What `sh` does in the new namespace, before it becomes the program: bind the stage, hide what follows up to `--`,
/// make every mount read-only, then open the folders that the program needs. A writable folder forbids execution.
const SCRIPT: &str = r#"
set -eu
stage=$1 user=$2 needs=$3; shift 3
mount --make-rprivate /
mount --bind "$stage" /mnt
while [ "$1" != -- ]; do mount -t tmpfs -o ro,mode=000,size=4k hidden "$1"; shift; done; shift
while read -r _ point type _; do
    case $type in proc | sysfs | devtmpfs | devpts | mqueue | cgroup*) continue ;; esac
    mount -o remount,bind,ro "$point" 2>/dev/null || :
done </proc/self/mounts
for folder in temp:/tmp shm:/dev/shm; do
    case $needs in
    *"${folder%%:*}"*) mount -t tmpfs -o noexec,nosuid,nodev,mode=1777 open "${folder#*:}" ;;
    *) mount -t tmpfs -o ro,noexec,mode=555,size=4k closed "${folder#*:}" ;;
    esac
done
cd /mnt/empty
[ "$user" = same ] && exec env -i "$@"
exec setpriv --reuid="$user" --regid="$user" --clear-groups --inh-caps=-all --no-new-privs env -i "$@"
"#;

/// How much of it this machine permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hostility {
    /// All of it: the tests run as root.
    Full,
    /// A namespace, but no other user.
    Namespace,
    /// Only the empty folder and environment.
    Folder,
}

impl Hostility {
    /// What this machine permits.
    #[must_use]
    pub fn find() -> Self {
        static FOUND: OnceLock<Hostility> = OnceLock::new();
        *FOUND.get_or_init(|| {
            let can = |words: &[&str]| {
                let run = Run::new("unshare", Path::new("/")).args(words.iter().copied());
                run.args(["sh", "-c", "mount --bind /usr /mnt && command -v setpriv"]).success().is_ok()
            };
            match () {
                () if can(&["--mount"]) => Self::Full,
                () if can(&["--user", "--map-root-user", "--mount"]) => Self::Namespace,
                () => Self::Folder,
            }
        })
    }

    /// The words for a table; nothing where everything was permitted.
    #[must_use]
    pub fn note(self) -> &'static str {
        match self {
            Self::Full => "",
            Self::Namespace => " (not as another user)",
            Self::Folder => " (without a namespace)",
        }
    }

    /// Where the executable in a stage is seen by itself.
    #[must_use]
    pub fn executable(self, stage: &Path, name: &str) -> PathBuf {
        if self == Self::Folder { stage.join(name) } else { Path::new(STAGE).join(name) }
    }

    /// The command that runs the program `name` of a stage, a folder that holds nothing but that and an `empty` folder.
    #[must_use]
    pub fn run(self, stage: &Path, hidden: &[PathBuf], program: &Program, variables: &[(String, String)]) -> Run {
        let executable = self.executable(stage, &program.name);
        let namespace: &[&str] = match self {
            Self::Full => &["--mount"],
            Self::Namespace => &["--user", "--map-root-user", "--mount"],
            Self::Folder => {
                let run = Run::new(&executable, stage.join("empty")).no_env();
                let run = variables.iter().fold(run, |run, (name, value)| run.env(name, value));
                return run.args(program.arguments.iter().cloned());
            }
        };
        let user = if self == Self::Full { NOBODY.to_string() } else { "same".to_owned() };
        let words = [(Need::Temp, "temp"), (Need::Shm, "shm")];
        let needs: String = words.iter().filter(|(need, _)| program.needs(*need)).map(|(_, word)| *word).collect();
        let mut run = Run::new("unshare", stage).args(namespace.iter().copied()).args(["sh", "-c", SCRIPT, "sh"]);
        run = run.arg(stage).args([user, format!("-{needs}")]);
        run = hidden.iter().filter(|path| path.is_dir()).fold(run, |run, path| run.arg(path)).args(["--"]);
        run = run.args(variables.iter().map(|(name, value)| format!("{name}={value}")));
        run.arg(executable).args(program.arguments.iter().cloned())
    }
}
