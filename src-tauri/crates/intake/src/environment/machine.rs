//! The machine: operating system, processor, graphics.

/// What the system tells about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Operating system with version, such as `Debian GNU/Linux 12 (bookworm)`.
    pub system: String,
    /// Processor architecture, such as `x86_64`.
    pub architecture: String,
    /// Processor model.
    pub cpu: Option<String>,
    /// Graphics processors.
    pub gpus: Vec<String>,
}

/// Describes this machine. No process is started; what cannot be found out is `None` or empty.
pub fn machine() -> Machine {
    Machine {
        system: platform::system().unwrap_or_else(|| std::env::consts::OS.to_owned()),
        architecture: std::env::consts::ARCH.to_owned(),
        cpu: platform::cpu(),
        gpus: platform::gpus(),
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use std::path::Path;

    pub fn system() -> Option<String> {
        let text =
            ["/etc/os-release", "/usr/lib/os-release"].iter().find_map(|path| std::fs::read_to_string(path).ok())?;
        super::os_name(&text)
    }

    pub fn cpu() -> Option<String> {
        super::cpu_model(&std::fs::read_to_string("/proc/cpuinfo").ok()?)
    }

    pub fn gpus() -> Vec<String> {
        let driver = std::fs::read_to_string("/proc/driver/nvidia/version").ok().and_then(|text| {
            let line = text.lines().next()?.to_owned();
            line.split_whitespace()
                .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
                .map(str::to_owned)
        });
        let Ok(cards) = std::fs::read_dir(Path::new("/proc/driver/nvidia/gpus")) else { return Vec::new() };
        let mut gpus: Vec<String> = cards
            .flatten()
            .filter_map(|card| std::fs::read_to_string(card.path().join("information")).ok())
            .filter_map(|text| super::field(&text, "Model"))
            .map(|model| match &driver {
                Some(driver) => format!("{model} (driver {driver})"),
                None => model,
            })
            .collect();
        gpus.sort();
        gpus
    }
}

#[cfg(target_os = "macos")]
mod platform {
    use std::ffi::CStr;

    /// A text of the kernel's state, by name.
    fn state(name: &CStr) -> Option<String> {
        let mut bytes = [0u8; 256];
        let mut length = bytes.len();
        // SAFETY: the buffer and its length outlive the call, which writes at most `length` bytes.
        let failed = unsafe {
            libc::sysctlbyname(name.as_ptr(), bytes.as_mut_ptr().cast(), &raw mut length, std::ptr::null_mut(), 0)
        };
        let text = bytes.get(..length).filter(|_| failed == 0)?;
        Some(String::from_utf8_lossy(text).trim_end_matches('\0').to_owned()).filter(|text| !text.is_empty())
    }

    pub fn system() -> Option<String> {
        state(c"kern.osproductversion").map(|version| format!("macOS {version}"))
    }

    pub fn cpu() -> Option<String> {
        state(c"machdep.cpu.brand_string")
    }

    pub fn gpus() -> Vec<String> {
        // On Apple silicon the graphics are part of the processor; elsewhere only the registry of devices knows.
        cpu().filter(|cpu| cpu.starts_with("Apple")).into_iter().collect()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod platform {
    pub fn system() -> Option<String> {
        // Windows tells its edition in the registry only; its family is what the environment holds.
        std::env::var("OS").ok().filter(|name| !name.is_empty())
    }

    pub fn cpu() -> Option<String> {
        std::env::var("PROCESSOR_IDENTIFIER").ok().filter(|name| !name.is_empty())
    }

    pub fn gpus() -> Vec<String> {
        Vec::new()
    }
}

/// The name of a Linux distribution (os-release(5)).
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn os_name(text: &str) -> Option<String> {
    let value = |wanted: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == wanted).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
        })
    };
    value("PRETTY_NAME").or_else(|| value("NAME")).filter(|name| !name.is_empty())
}

/// The model of the first processor; on ARM the kernel gives it elsewhere or not at all.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn cpu_model(text: &str) -> Option<String> {
    ["model name", "Model", "Hardware", "cpu model"].iter().find_map(|name| field(text, name))
}

/// The value of a line `name : value`.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name && !value.trim().is_empty()).then(|| value.split_whitespace().collect::<Vec<_>>().join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_and_the_distribution_write_is_read() {
        assert_eq!(
            os_name("NAME=\"X\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n").as_deref(),
            Some("Debian GNU/Linux 12")
        );
        assert_eq!(os_name("NAME=Alpine\n").as_deref(), Some("Alpine"));
        assert_eq!(cpu_model("processor\t: 0\nmodel name\t: A  B\n").as_deref(), Some("A B"));
        assert_eq!(cpu_model("processor : 0\n"), None, "what is not told is not guessed");
    }

    #[test]
    fn this_machine_has_a_name() {
        let machine = machine();
        assert!(!machine.system.is_empty());
        assert_eq!(machine.architecture, std::env::consts::ARCH);
    }
}
