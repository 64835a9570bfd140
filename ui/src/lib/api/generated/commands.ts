// Generated from the contract. Do not edit: `cargo xtask bindings` writes it.
import type { AlertReply } from "./AlertReply";
import type { AliasCallOff } from "./AliasCallOff";
import type { AliasRollBack } from "./AliasRollBack";
import type { AliasSet } from "./AliasSet";
import type { AuditPage } from "./AuditPage";
import type { AuditQuery } from "./AuditQuery";
import type { AuditVerdict } from "./AuditVerdict";
import type { CandidateDecide } from "./CandidateDecide";
import type { CandidateDiscuss } from "./CandidateDiscuss";
import type { CandidateDraft } from "./CandidateDraft";
import type { CandidateList } from "./CandidateList";
import type { CandidatePublish } from "./CandidatePublish";
import type { CandidateRef } from "./CandidateRef";
import type { CandidateSubmit } from "./CandidateSubmit";
import type { CandidateView } from "./CandidateView";
import type { CandidateWaive } from "./CandidateWaive";
import type { ChangeList } from "./ChangeList";
import type { ChangeQuery } from "./ChangeQuery";
import type { CodeReport } from "./CodeReport";
import type { ConsumePage } from "./ConsumePage";
import type { ConsumeQuery } from "./ConsumeQuery";
import type { ConsumerList } from "./ConsumerList";
import type { DatasetList } from "./DatasetList";
import type { DatasetView } from "./DatasetView";
import type { Done } from "./Done";
import type { DossierSave } from "./DossierSave";
import type { DriftList } from "./DriftList";
import type { DriftSoFar } from "./DriftSoFar";
import type { DriftStart } from "./DriftStart";
import type { DriftView } from "./DriftView";
import type { EnvironmentDifference } from "./EnvironmentDifference";
import type { EnvironmentExport } from "./EnvironmentExport";
import type { EnvironmentPair } from "./EnvironmentPair";
import type { EnvironmentRef } from "./EnvironmentRef";
import type { EnvironmentText } from "./EnvironmentText";
import type { EnvironmentView } from "./EnvironmentView";
import type { ExampleQuery } from "./ExampleQuery";
import type { ExampleRows } from "./ExampleRows";
import type { Exported } from "./Exported";
import type { FactList } from "./FactList";
import type { FactQuery } from "./FactQuery";
import type { Figure } from "./Figure";
import type { FigureQuery } from "./FigureQuery";
import type { FilePage } from "./FilePage";
import type { FileQuery } from "./FileQuery";
import type { FileView } from "./FileView";
import type { FindingDecide } from "./FindingDecide";
import type { FindingPage } from "./FindingPage";
import type { FindingQuery } from "./FindingQuery";
import type { GovernanceView } from "./GovernanceView";
import type { HoldDecide } from "./HoldDecide";
import type { HoldList } from "./HoldList";
import type { JobList } from "./JobList";
import type { JobRef } from "./JobRef";
import type { KeyBackUp } from "./KeyBackUp";
import type { KeyKeychain } from "./KeyKeychain";
import type { KeyRestore } from "./KeyRestore";
import type { KeyRevoke } from "./KeyRevoke";
import type { LabelDecide } from "./LabelDecide";
import type { LineageColumns } from "./LineageColumns";
import type { LineageColumnsQuery } from "./LineageColumnsQuery";
import type { LineageExport } from "./LineageExport";
import type { LineageQuery } from "./LineageQuery";
import type { LineageView } from "./LineageView";
import type { LineageWay } from "./LineageWay";
import type { LineageWayQuery } from "./LineageWayQuery";
import type { LogMap } from "./LogMap";
import type { LogTail } from "./LogTail";
import type { LogTailQuery } from "./LogTailQuery";
import type { ModelList } from "./ModelList";
import type { ModelView } from "./ModelView";
import type { MonitorList } from "./MonitorList";
import type { MonitorStart } from "./MonitorStart";
import type { MonitorView } from "./MonitorView";
import type { Nothing } from "./Nothing";
import type { OriginCompareQuery } from "./OriginCompareQuery";
import type { OriginDifference } from "./OriginDifference";
import type { Overview } from "./Overview";
import type { PathRef } from "./PathRef";
import type { PersonCreate } from "./PersonCreate";
import type { PersonList } from "./PersonList";
import type { PersonRef } from "./PersonRef";
import type { ProjectAdd } from "./ProjectAdd";
import type { ProjectFilter } from "./ProjectFilter";
import type { ProjectList } from "./ProjectList";
import type { ProjectPause } from "./ProjectPause";
import type { ProjectRef } from "./ProjectRef";
import type { ProjectRename } from "./ProjectRename";
import type { ProjectView } from "./ProjectView";
import type { ProxyStart } from "./ProxyStart";
import type { RecordList } from "./RecordList";
import type { ReferenceSet } from "./ReferenceSet";
import type { RegistryAdmit } from "./RegistryAdmit";
import type { RegistryAttach } from "./RegistryAttach";
import type { RegistryCreate } from "./RegistryCreate";
import type { RegistryFreeze } from "./RegistryFreeze";
import type { RegistryJoin } from "./RegistryJoin";
import type { RegistryMirror } from "./RegistryMirror";
import type { RegistryPrune } from "./RegistryPrune";
import type { RegistryPruned } from "./RegistryPruned";
import type { RegistryView } from "./RegistryView";
import type { ReportExport } from "./ReportExport";
import type { ReportRef } from "./ReportRef";
import type { RetrainingRequest } from "./RetrainingRequest";
import type { RowsSetAside } from "./RowsSetAside";
import type { RuleList } from "./RuleList";
import type { RuleTrialView } from "./RuleTrialView";
import type { RuleTry } from "./RuleTry";
import type { RuleWrite } from "./RuleWrite";
import type { RunComparison } from "./RunComparison";
import type { RunCorrect } from "./RunCorrect";
import type { RunPage } from "./RunPage";
import type { RunQuery } from "./RunQuery";
import type { RunRef } from "./RunRef";
import type { RunRefs } from "./RunRefs";
import type { RunView } from "./RunView";
import type { ScreenStart } from "./ScreenStart";
import type { Search } from "./Search";
import type { SearchHits } from "./SearchHits";
import type { SettingSet } from "./SettingSet";
import type { SettingsView } from "./SettingsView";
import type { Status } from "./Status";
import type { ThenNowView } from "./ThenNowView";
import type { Trace } from "./Trace";
import type { TraceQuery } from "./TraceQuery";
import type { TrustEndorse } from "./TrustEndorse";
import type { TrustSet } from "./TrustSet";
import type { VersionDestroy } from "./VersionDestroy";
import type { VersionFetch } from "./VersionFetch";
import type { VersionPair } from "./VersionPair";
import type { VersionPairView } from "./VersionPairView";
import type { VersionRef } from "./VersionRef";
import type { VersionWithdraw } from "./VersionWithdraw";
import type { Tag } from "./Tag";

/** Request and answer of every command. */
export interface Commands {
	overview: { request: Nothing; answer: Overview };
	status: { request: Nothing; answer: Status };
	search: { request: Search; answer: SearchHits };
	project_list: { request: Nothing; answer: ProjectList };
	project_show: { request: ProjectRef; answer: ProjectView };
	project_add: { request: ProjectAdd; answer: ProjectView };
	project_rename: { request: ProjectRename; answer: ProjectView };
	project_pause: { request: ProjectPause; answer: ProjectView };
	project_remove: { request: ProjectRef; answer: Done };
	sample_open: { request: Nothing; answer: ProjectView };
	scan_start: { request: ProjectRef; answer: JobRef };
	file_list: { request: FileQuery; answer: FilePage };
	file_show: { request: PathRef; answer: FileView };
	code_show: { request: PathRef; answer: CodeReport };
	change_list: { request: ChangeQuery; answer: ChangeList };
	run_list: { request: RunQuery; answer: RunPage };
	run_show: { request: RunRef; answer: RunView };
	run_compare: { request: RunRefs; answer: RunComparison };
	run_facts: { request: FactQuery; answer: FactList };
	record_list: { request: ProjectRef; answer: RecordList };
	environment_show: { request: EnvironmentRef; answer: EnvironmentView };
	environment_compare: { request: EnvironmentPair; answer: EnvironmentDifference };
	environment_text: { request: EnvironmentExport; answer: EnvironmentText };
	run_correct: { request: RunCorrect; answer: Done };
	run_then_now: { request: RunRef; answer: ThenNowView };
	lineage: { request: LineageQuery; answer: LineageView };
	lineage_way: { request: LineageWayQuery; answer: LineageWay };
	lineage_columns: { request: LineageColumnsQuery; answer: LineageColumns };
	origin_compare: { request: OriginCompareQuery; answer: OriginDifference };
	lineage_export: { request: LineageExport; answer: Exported };
	dataset_list: { request: ProjectFilter; answer: DatasetList };
	dataset_show: { request: PathRef; answer: DatasetView };
	dataset_versions: { request: VersionPair; answer: VersionPairView };
	dataset_set_reference: { request: ReferenceSet; answer: DatasetView };
	finding_list: { request: FindingQuery; answer: FindingPage };
	finding_examples: { request: ExampleQuery; answer: ExampleRows };
	finding_decide: { request: FindingDecide; answer: Done };
	rows_set_aside: { request: RowsSetAside; answer: JobRef };
	rule_list: { request: PathRef; answer: RuleList };
	rule_try: { request: RuleTry; answer: RuleTrialView };
	rule_write: { request: RuleWrite; answer: RuleList };
	label_decide: { request: LabelDecide; answer: Done };
	hold_list: { request: ProjectFilter; answer: HoldList };
	hold_decide: { request: HoldDecide; answer: Done };
	screen_start: { request: ScreenStart; answer: JobRef };
	proxies_start: { request: ProxyStart; answer: JobRef };
	drift_start: { request: DriftStart; answer: JobRef };
	drift_so_far: { request: JobRef; answer: DriftSoFar };
	drift_list: { request: ProjectFilter; answer: DriftList };
	drift_show: { request: ReportRef; answer: DriftView };
	monitor_list: { request: ProjectFilter; answer: MonitorList };
	monitor_start: { request: MonitorStart; answer: JobRef };
	log_map: { request: LogMap; answer: Done };
	monitor_show: { request: PathRef; answer: MonitorView };
	alert_answer: { request: AlertReply; answer: MonitorView };
	retraining_request: { request: PathRef; answer: RetrainingRequest };
	log_tail: { request: LogTailQuery; answer: LogTail };
	trace: { request: TraceQuery; answer: Trace };
	figure: { request: FigureQuery; answer: Figure };
	report_export: { request: ReportExport; answer: Exported };
	model_list: { request: ProjectFilter; answer: ModelList };
	model_show: { request: PathRef; answer: ModelView };
	candidate_draft: { request: PathRef; answer: CandidateDraft };
	gates_run: { request: PathRef; answer: JobRef };
	candidate_submit: { request: CandidateSubmit; answer: JobRef };
	candidate_list: { request: Nothing; answer: CandidateList };
	candidate_show: { request: CandidateRef; answer: CandidateView };
	candidate_decide: { request: CandidateDecide; answer: CandidateView };
	candidate_waive: { request: CandidateWaive; answer: CandidateView };
	candidate_discuss: { request: CandidateDiscuss; answer: CandidateView };
	candidate_publish: { request: CandidatePublish; answer: JobRef };
	alias_set: { request: AliasSet; answer: RegistryView };
	alias_roll_back: { request: AliasRollBack; answer: RegistryView };
	alias_call_off: { request: AliasCallOff; answer: RegistryView };
	version_consumers: { request: VersionRef; answer: ConsumerList };
	version_withdraw: { request: VersionWithdraw; answer: RegistryView };
	version_destroy: { request: VersionDestroy; answer: RegistryView };
	version_fetch: { request: VersionFetch; answer: JobRef };
	consume_page: { request: ConsumeQuery; answer: ConsumePage };
	dossier_save: { request: DossierSave; answer: Exported };
	registry_show: { request: Nothing; answer: RegistryView };
	registry_create: { request: RegistryCreate; answer: RegistryView };
	registry_attach: { request: RegistryAttach; answer: RegistryView };
	registry_detach: { request: Nothing; answer: RegistryView };
	registry_verify: { request: Nothing; answer: JobRef };
	registry_admit: { request: RegistryAdmit; answer: RegistryView };
	registry_mirror: { request: RegistryMirror; answer: JobRef };
	registry_prune: { request: RegistryPrune; answer: RegistryPruned };
	registry_join: { request: RegistryJoin; answer: RegistryView };
	registry_freeze: { request: RegistryFreeze; answer: RegistryView };
	trust_endorse: { request: TrustEndorse; answer: RegistryView };
	trust_set: { request: TrustSet; answer: RegistryView };
	key_revoke: { request: KeyRevoke; answer: RegistryView };
	person_list: { request: Nothing; answer: PersonList };
	person_create: { request: PersonCreate; answer: PersonList };
	person_select: { request: PersonRef; answer: PersonList };
	key_back_up: { request: KeyBackUp; answer: Exported };
	key_keychain: { request: KeyKeychain; answer: PersonList };
	key_restore: { request: KeyRestore; answer: PersonList };
	governance: { request: Nothing; answer: GovernanceView };
	audit_list: { request: AuditQuery; answer: AuditPage };
	audit_verify: { request: Nothing; answer: AuditVerdict };
	settings_show: { request: Nothing; answer: SettingsView };
	settings_set: { request: SettingSet; answer: SettingsView };
	job_list: { request: Nothing; answer: JobList };
	job_cancel: { request: JobRef; answer: Done };
}

/** The parts that a read is made of, or that a write makes stale. */
export const tagsOf: Record<keyof Commands, Tag[]> = {
	overview: ["projects", "files", "runs", "reports", "registry", "people", "decisions"],
	status: ["projects", "jobs", "people", "registry"],
	search: ["projects", "files", "runs", "registry"],
	project_list: ["projects", "files", "runs"],
	project_show: ["projects", "files", "runs"],
	project_add: ["projects", "files", "audit"],
	project_rename: ["projects", "audit"],
	project_pause: ["projects", "audit"],
	project_remove: ["projects", "files", "runs", "reports", "audit"],
	sample_open: ["projects", "files", "runs", "audit"],
	scan_start: ["files", "jobs"],
	file_list: ["files", "reports"],
	file_show: ["files", "runs"],
	code_show: ["files"],
	change_list: ["files"],
	run_list: ["runs"],
	run_show: ["runs"],
	run_compare: ["runs"],
	run_facts: ["runs"],
	record_list: ["runs"],
	environment_show: ["files", "runs", "reports"],
	environment_compare: ["files", "runs", "reports"],
	environment_text: ["files", "runs", "reports"],
	run_correct: ["runs", "decisions", "audit"],
	run_then_now: ["files", "runs"],
	lineage: ["files", "runs", "reports", "decisions"],
	lineage_way: ["files", "runs", "reports"],
	lineage_columns: ["files", "runs", "reports"],
	origin_compare: ["files", "runs", "reports"],
	lineage_export: ["audit"],
	dataset_list: ["files", "reports", "decisions"],
	dataset_show: ["files", "runs", "reports", "decisions"],
	dataset_versions: ["files", "reports", "decisions"],
	dataset_set_reference: ["reports", "decisions", "audit"],
	finding_list: ["projects", "files", "reports", "decisions"],
	finding_examples: ["files", "reports", "decisions"],
	finding_decide: ["reports", "decisions", "audit"],
	rows_set_aside: ["jobs", "audit"],
	rule_list: ["files", "reports", "settings"],
	rule_try: ["files"],
	rule_write: ["files", "reports", "settings", "audit"],
	label_decide: ["reports", "decisions", "audit"],
	hold_list: ["projects", "files", "decisions"],
	hold_decide: ["reports", "decisions", "audit"],
	screen_start: ["reports", "jobs"],
	proxies_start: ["reports", "jobs"],
	drift_start: ["reports", "jobs"],
	drift_so_far: ["jobs"],
	drift_list: ["reports"],
	drift_show: ["reports"],
	monitor_list: ["files", "reports"],
	monitor_start: ["reports", "jobs"],
	log_map: ["reports", "decisions", "audit"],
	monitor_show: ["files", "reports", "decisions"],
	alert_answer: ["reports", "decisions", "audit"],
	retraining_request: ["files", "reports", "decisions"],
	log_tail: ["files"],
	trace: ["files", "runs", "reports", "registry"],
	figure: ["reports", "files"],
	report_export: ["audit"],
	model_list: ["files", "runs", "reports", "registry"],
	model_show: ["files", "runs", "reports", "registry"],
	candidate_draft: ["files", "runs", "reports", "registry", "people"],
	gates_run: ["reports", "jobs", "audit"],
	candidate_submit: ["registry", "audit"],
	candidate_list: ["registry", "people"],
	candidate_show: ["registry", "people"],
	candidate_decide: ["registry", "audit"],
	candidate_waive: ["registry", "audit"],
	candidate_discuss: ["registry", "audit"],
	candidate_publish: ["registry", "audit"],
	alias_set: ["registry", "audit"],
	alias_roll_back: ["registry", "audit"],
	alias_call_off: ["registry", "audit"],
	version_consumers: ["registry", "reports"],
	version_withdraw: ["registry", "audit"],
	version_destroy: ["registry", "audit"],
	version_fetch: ["registry", "jobs", "audit"],
	consume_page: ["registry"],
	dossier_save: ["audit"],
	registry_show: ["registry", "people"],
	registry_create: ["registry", "audit"],
	registry_attach: ["registry", "audit"],
	registry_detach: ["registry", "audit"],
	registry_verify: ["registry", "jobs"],
	registry_admit: ["registry", "audit"],
	registry_mirror: ["registry", "jobs", "audit"],
	registry_prune: ["registry", "audit"],
	registry_join: ["registry", "audit"],
	registry_freeze: ["registry", "audit"],
	trust_endorse: ["registry", "audit"],
	trust_set: ["registry", "audit"],
	key_revoke: ["registry", "audit"],
	person_list: ["people"],
	person_create: ["people", "audit"],
	person_select: ["people", "audit"],
	key_back_up: ["audit"],
	key_keychain: ["people", "audit"],
	key_restore: ["people", "audit"],
	governance: ["files", "runs", "reports"],
	audit_list: ["audit"],
	audit_verify: ["audit"],
	settings_show: ["settings"],
	settings_set: ["settings", "audit"],
	job_list: ["jobs"],
	job_cancel: ["jobs"],
};
