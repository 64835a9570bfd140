//! What a person chose, and where things lie.

use proofmark_contract::view::*;
use proofmark_ledger::AuditEntry;

use crate::trouble::Answer;
use crate::{Engine, platform};

const THEME: &str = "theme";
const SCREEN: &str = "screen_automatically";
const SCREEN_LIMIT: &str = "screen_size_limit";
const LOG_LIMIT: &str = "log_limit";
const NOTIFICATIONS: &str = "notifications";

impl Engine {
    pub(crate) fn settings(&self) -> Answer<Settings> {
        self.ledger().read(|read| {
            let settings = read.settings();
            Ok(Settings {
                theme: settings.get(THEME)?.unwrap_or_default(),
                screen_automatically: settings.get(SCREEN)?.unwrap_or(true),
                screen_size_limit: settings.get(SCREEN_LIMIT)?.unwrap_or(2_000_000_000),
                log_limit: settings.get(LOG_LIMIT)?.unwrap_or(8_000_000),
                notifications: settings.get(NOTIFICATIONS)?.unwrap_or(true),
            })
        })
    }

    /// Settings and where things lie.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn settings_show(&self, _: Nothing) -> Answer<SettingsView> {
        let ledger = self.home().ledger();
        Ok(SettingsView {
            settings: self.settings()?,
            home: self.home().folder().to_string_lossy().into_owned(),
            ledger_size: std::fs::metadata(&ledger).map_or(0, |facts| facts.len()),
            ledger_path: ledger.to_string_lossy().into_owned(),
            logs_path: self.home().logs().to_string_lossy().into_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            system: platform::system(),
        })
    }

    /// Changes one setting.
    ///
    /// # Errors
    /// If the ledger cannot be written.
    pub fn settings_set(&self, request: SettingSet) -> Answer<SettingsView> {
        let name = match &request {
            SettingSet::Theme(_) => THEME,
            SettingSet::ScreenAutomatically(_) => SCREEN,
            SettingSet::ScreenSizeLimit(_) => SCREEN_LIMIT,
            SettingSet::LogLimit(_) => LOG_LIMIT,
            SettingSet::Notifications(_) => NOTIFICATIONS,
        };
        let entry = AuditEntry::new(self.actor(), "setting.change", name);
        self.ledger().write(self.now(), entry, |write| -> Answer<()> {
            let settings = write.settings();
            Ok(match &request {
                SettingSet::Theme(value) => settings.set(name, value),
                SettingSet::ScreenAutomatically(value) | SettingSet::Notifications(value) => settings.set(name, value),
                SettingSet::ScreenSizeLimit(value) | SettingSet::LogLimit(value) => settings.set(name, value),
            }?)
        })?;
        self.settings_show(Nothing {})
    }
}
