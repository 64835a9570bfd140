//! The one list of commands.

use serde::{Deserialize, Serialize};

use crate::event::Tag;
use crate::view::*;

/// Who may call a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Reads what is recorded.
    Read,
    /// Writes to the ledger or starts work.
    Write,
    /// Uses a person's private key.
    Sign,
}

/// What the list says about one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandInfo {
    /// Its name on the wire.
    pub name: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The parts that it is made of, or makes stale.
    pub tags: &'static [Tag],
}

/// Every command. A host expands the list into its router; see [`CommandInfo`] for the columns.
#[macro_export]
macro_rules! for_each_command {
    ($callback:ident) => {
        $callback! {
            // name              request            answer              access   made of, or makes stale
            overview             (Nothing)          -> Overview          : Read  => [Projects, Files, Runs, Reports, Registry, People, Decisions],
            status               (Nothing)          -> Status            : Read  => [Projects, Jobs, People, Registry],
            search               (Search)           -> SearchHits        : Read  => [Projects, Files, Runs, Registry],

            project_list         (Nothing)          -> ProjectList       : Read  => [Projects, Files, Runs],
            project_show         (ProjectRef)       -> ProjectView       : Read  => [Projects, Files, Runs],
            project_add          (ProjectAdd)       -> ProjectView       : Write => [Projects, Files, Audit],
            project_rename       (ProjectRename)    -> ProjectView       : Write => [Projects, Audit],
            project_pause        (ProjectPause)     -> ProjectView       : Write => [Projects, Audit],
            project_remove       (ProjectRef)       -> Done              : Write => [Projects, Files, Runs, Reports, Audit],
            sample_open          (Nothing)          -> ProjectView       : Write => [Projects, Files, Runs, Audit],
            scan_start           (ProjectRef)       -> JobRef            : Write => [Files, Jobs],

            file_list            (FileQuery)        -> FilePage          : Read  => [Files, Reports],
            file_show            (PathRef)          -> FileView          : Read  => [Files, Runs],
            code_show            (PathRef)          -> CodeReport        : Read  => [Files],
            change_list          (ChangeQuery)      -> ChangeList        : Read  => [Files],

            run_list             (RunQuery)         -> RunPage           : Read  => [Runs],
            run_show             (RunRef)           -> RunView           : Read  => [Runs],
            run_compare          (RunRefs)          -> RunComparison     : Read  => [Runs],
            run_facts            (FactQuery)        -> FactList          : Read  => [Runs],
            record_list          (ProjectRef)       -> RecordList        : Read  => [Runs],

            environment_show     (EnvironmentRef)   -> EnvironmentView   : Read  => [Files, Runs, Reports],
            environment_compare  (EnvironmentPair)  -> EnvironmentDifference : Read => [Files, Runs, Reports],
            environment_text     (EnvironmentExport) -> EnvironmentText  : Read  => [Files, Runs, Reports],

            run_correct          (RunCorrect)       -> Done              : Write => [Runs, Decisions, Audit],
            run_then_now         (RunRef)           -> ThenNowView       : Read  => [Files, Runs],

            lineage              (LineageQuery)     -> LineageView       : Read  => [Files, Runs, Reports, Decisions],
            lineage_way          (LineageWayQuery)  -> LineageWay        : Read  => [Files, Runs, Reports],
            lineage_columns      (LineageColumnsQuery) -> LineageColumns : Read  => [Files, Runs, Reports],
            origin_compare       (OriginCompareQuery) -> OriginDifference : Read => [Files, Runs, Reports],
            lineage_export       (LineageExport)    -> Exported          : Write => [Audit],

            dataset_list         (ProjectFilter)    -> DatasetList       : Read  => [Files, Reports, Decisions],
            dataset_show         (PathRef)          -> DatasetView       : Read  => [Files, Runs, Reports, Decisions],
            dataset_versions     (VersionPair)      -> VersionPairView   : Read  => [Files, Reports, Decisions],
            dataset_set_reference (ReferenceSet)    -> DatasetView       : Write => [Reports, Decisions, Audit],
            finding_list         (FindingQuery)     -> FindingPage       : Read  => [Projects, Files, Reports, Decisions],
            finding_examples     (ExampleQuery)     -> ExampleRows       : Read  => [Files, Reports, Decisions],
            finding_decide       (FindingDecide)    -> Done              : Write => [Reports, Decisions, Audit],
            rows_set_aside       (RowsSetAside)     -> JobRef            : Write => [Jobs, Audit],
            rule_list            (PathRef)          -> RuleList          : Read  => [Files, Reports, Settings],
            rule_try             (RuleTry)          -> RuleTrialView     : Read  => [Files],
            rule_write           (RuleWrite)        -> RuleList          : Write => [Files, Reports, Settings, Audit],
            label_decide         (LabelDecide)      -> Done              : Write => [Reports, Decisions, Audit],
            hold_list            (ProjectFilter)    -> HoldList          : Read  => [Projects, Files, Decisions],
            hold_decide          (HoldDecide)       -> Done              : Write => [Reports, Decisions, Audit],
            screen_start         (ScreenStart)      -> JobRef            : Write => [Reports, Jobs],
            proxies_start        (ProxyStart)       -> JobRef            : Write => [Reports, Jobs],

            drift_start          (DriftStart)       -> JobRef            : Write => [Reports, Jobs],
            drift_so_far         (JobRef)           -> DriftSoFar        : Read  => [Jobs],
            drift_list           (ProjectFilter)    -> DriftList         : Read  => [Reports],
            drift_show           (ReportRef)        -> DriftView         : Read  => [Reports],
            monitor_list         (ProjectFilter)    -> MonitorList       : Read  => [Files, Reports],
            monitor_start        (MonitorStart)     -> JobRef            : Write => [Reports, Jobs],
            log_map              (LogMap)           -> Done              : Write => [Reports, Decisions, Audit],
            monitor_show         (PathRef)          -> MonitorView       : Read  => [Files, Reports, Decisions],
            alert_answer         (AlertReply)       -> MonitorView       : Write => [Reports, Decisions, Audit],
            retraining_request   (PathRef)          -> RetrainingRequest : Read  => [Files, Reports, Decisions],
            log_tail             (LogTailQuery)     -> LogTail           : Read  => [Files],
            trace                (TraceQuery)       -> Trace             : Read  => [Files, Runs, Reports, Registry],

            figure               (FigureQuery)      -> Figure            : Read  => [Reports, Files],
            report_export        (ReportExport)     -> Exported          : Write => [Audit],

            model_list           (ProjectFilter)    -> ModelList         : Read  => [Files, Runs, Reports, Registry],
            model_show           (PathRef)          -> ModelView         : Read  => [Files, Runs, Reports, Registry],

            candidate_draft      (PathRef)          -> CandidateDraft    : Read  => [Files, Runs, Reports, Registry, People],
            gates_run            (PathRef)          -> JobRef            : Write => [Reports, Jobs, Audit],
            candidate_submit     (CandidateSubmit)  -> JobRef            : Sign  => [Registry, Audit],
            candidate_list       (Nothing)          -> CandidateList     : Read  => [Registry, People],
            candidate_show       (CandidateRef)     -> CandidateView     : Read  => [Registry, People],
            candidate_decide     (CandidateDecide)  -> CandidateView     : Sign  => [Registry, Audit],
            candidate_waive      (CandidateWaive)   -> CandidateView     : Sign  => [Registry, Audit],
            candidate_discuss    (CandidateDiscuss) -> CandidateView     : Sign  => [Registry, Audit],
            candidate_publish    (CandidatePublish) -> JobRef            : Sign  => [Registry, Audit],
            alias_set            (AliasSet)         -> RegistryView      : Sign  => [Registry, Audit],
            alias_roll_back      (AliasRollBack)    -> RegistryView      : Sign  => [Registry, Audit],
            alias_call_off       (AliasCallOff)     -> RegistryView      : Sign  => [Registry, Audit],
            version_consumers    (VersionRef)       -> ConsumerList      : Read  => [Registry, Reports],
            version_withdraw     (VersionWithdraw)  -> RegistryView      : Sign  => [Registry, Audit],

            version_destroy      (VersionDestroy)   -> RegistryView      : Sign  => [Registry, Audit],
            version_fetch        (VersionFetch)     -> JobRef            : Write => [Registry, Jobs, Audit],
            consume_page         (ConsumeQuery)     -> ConsumePage       : Read  => [Registry],
            dossier_save         (DossierSave)      -> Exported          : Sign  => [Audit],

            registry_show        (Nothing)          -> RegistryView      : Read  => [Registry, People],
            registry_create      (RegistryCreate)   -> RegistryView      : Sign  => [Registry, Audit],
            registry_attach      (RegistryAttach)   -> RegistryView      : Write => [Registry, Audit],
            registry_detach      (Nothing)          -> RegistryView      : Write => [Registry, Audit],
            registry_verify      (Nothing)          -> JobRef            : Write => [Registry, Jobs],
            registry_admit       (RegistryAdmit)    -> RegistryView      : Sign  => [Registry, Audit],

            registry_mirror      (RegistryMirror)   -> JobRef            : Write => [Registry, Jobs, Audit],
            registry_prune       (RegistryPrune)    -> RegistryPruned    : Sign  => [Registry, Audit],
            registry_join        (RegistryJoin)     -> RegistryView      : Sign  => [Registry, Audit],
            registry_freeze      (RegistryFreeze)   -> RegistryView      : Sign  => [Registry, Audit],
            trust_endorse        (TrustEndorse)     -> RegistryView      : Sign  => [Registry, Audit],
            trust_set            (TrustSet)         -> RegistryView      : Sign  => [Registry, Audit],
            key_revoke           (KeyRevoke)        -> RegistryView      : Sign  => [Registry, Audit],

            person_list          (Nothing)          -> PersonList        : Read  => [People],
            person_create        (PersonCreate)     -> PersonList        : Write => [People, Audit],
            person_select        (PersonRef)        -> PersonList        : Write => [People, Audit],
            key_back_up          (KeyBackUp)        -> Exported          : Write => [Audit],
            key_keychain         (KeyKeychain)      -> PersonList        : Write => [People, Audit],
            key_restore          (KeyRestore)       -> PersonList        : Write => [People, Audit],

            governance           (Nothing)          -> GovernanceView    : Read  => [Files, Runs, Reports],
            audit_list           (AuditQuery)       -> AuditPage         : Read  => [Audit],
            audit_verify         (Nothing)          -> AuditVerdict      : Read  => [Audit],

            settings_show        (Nothing)          -> SettingsView      : Read  => [Settings],
            settings_set         (SettingSet)       -> SettingsView      : Write => [Settings, Audit],

            job_list             (Nothing)          -> JobList           : Read  => [Jobs],
            job_cancel           (JobRef)           -> Done              : Write => [Jobs],
        }
    };
}

macro_rules! infos {
    ($($name:ident ($request:ident) -> $answer:ident : $access:ident => [$($tag:ident),* $(,)?],)*) => {
        impl CommandInfo {
            /// Every command in the order of the list.
            pub const ALL: &'static [Self] = &[
                $(Self { name: stringify!($name), access: Access::$access, tags: &[$(Tag::$tag),*] },)*
            ];
        }
    };
}

for_each_command!(infos);

macro_rules! calls {
    ($($name:ident ($request:ident) -> $answer:ident : $access:ident => [$($tag:ident),* $(,)?],)*) => {
        /// One request on the wire: `{"command": "project_add", "request": {…}}`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "command", content = "request")]
        #[allow(non_camel_case_types, missing_docs, reason = "the variants are the names on the wire")]
        pub enum Call {
            $($name($request),)*
        }

        impl Call {
            /// What the list says about this command.
            pub fn info(&self) -> &'static CommandInfo {
                let name = match self {
                    $(Self::$name(_) => stringify!($name),)*
                };
                // Both come from the same list.
                CommandInfo::by_name(name).unwrap_or(&CommandInfo::ALL[0])
            }
        }
    };
}

for_each_command!(calls);

impl CommandInfo {
    /// The command called `name`.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|info| info.name == name)
    }
}
