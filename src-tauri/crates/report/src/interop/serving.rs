//! How others use a released version: the exact lines, and manifests for a cluster.

use std::fmt::Write as _;

/// One version to be used.
#[derive(Debug, Clone)]
pub struct Serving {
    /// The model.
    pub model: String,
    /// The version.
    pub version: u64,
    /// The alias by which it was asked for.
    pub alias: Option<String>,
    /// Folder of the registry on this machine, or the address of its bucket (`s3://…`).
    pub registry: String,
    /// Folder of the version below it.
    pub folder: String,
    /// Digest of what was approved.
    pub bundle: String,
    /// Key that signed the bytes.
    pub signer_key: String,
    /// Whether `MLmodel` is among its files.
    pub has_mlmodel: bool,
}

/// What a deployment asks for.
#[derive(Debug, Clone)]
pub struct ServingOptions {
    /// Copies that run.
    pub replicas: u32,
    /// Name of the volume claim that holds the registry.
    pub volume: String,
    /// The image that serves.
    pub image: String,
    /// Namespace.
    pub namespace: String,
}

impl Default for ServingOptions {
    fn default() -> Self {
        Self {
            replicas: 2,
            volume: "proofmark-registry".to_owned(),
            image: "seldonio/mlserver:1.7.1".to_owned(),
            namespace: "default".to_owned(),
        }
    }
}

impl Serving {
    fn wanted(&self) -> String {
        match &self.alias {
            Some(alias) => format!("{}@{alias}", self.model),
            None => format!("{}/{}", self.model, self.version),
        }
    }

    /// A name for objects of a cluster: lower-case letters, digits and dashes.
    fn object(&self) -> String {
        let name = self.model.replace(['_', '.'], "-");
        name.trim_matches('-').chars().take(50).collect()
    }
}

/// "How do I use this model?" as Markdown, with lines to copy.
pub fn consume_page(it: &Serving) -> String {
    let (wanted, registry, folder) = (it.wanted(), &it.registry, &it.folder);
    // Other programs need files: those of a bucket are the ones that were taken out.
    let bucket = registry.starts_with("s3://");
    let mut page = format!(
        "# How do I use {}?\n\nVersion {} was approved as `{}`. Every way below reads the same bytes.\n\n",
        it.model, it.version, it.bundle
    );
    let mut part = |title: &str, language: &str, body: String| {
        // A string takes every write.
        let _ = write!(page, "## {title}\n\n```{language}\n{}\n```\n\n", body.trim_end());
    };
    part(
        "Verify, then copy",
        "sh",
        if bucket {
            format!(
                "proofmark registry fetch {wanted} --to ./{}\n# or all of it, to a folder that other tools read: proofmark registry mirror DIR",
                it.model
            )
        } else {
            format!(
                "proofmark registry fetch {wanted} --to ./{}\n# or, with the small verifier alone:\nproofmark-verify fetch {registry} {wanted} --to ./{}",
                it.model, it.model
            )
        },
    );
    if it.has_mlmodel && bucket {
        part(
            "Python, with MLflow",
            "python",
            format!(
                "# made before by: proofmark registry fetch {wanted} --to ./{m}\nimport mlflow\n\nmodel = mlflow.pyfunc.load_model(\"./{m}/model\")\nmodel.predict(data)",
                m = it.model
            ),
        );
    }
    if it.has_mlmodel && !bucket {
        part(
            "Python, with MLflow",
            "python",
            format!(
                "import os\nos.environ[\"MLFLOW_ALLOW_FILE_STORE\"] = \"true\"\nimport mlflow\n\nmlflow.set_tracking_uri(\"file://{registry}\")\nmlflow.set_registry_uri(\"file://{registry}\")\n\
                 # Mounted under another path than where it was published? proofmark registry view ./view, and name that folder instead.\n# dst_path: MLflow writes a file beside the model that it loads, and nothing is written to a registry.\nos.makedirs(\"./{m}\", exist_ok=True)\nmodel = mlflow.pyfunc.load_model(\"models:/{wanted}\", dst_path=\"./{m}\")\nmodel.predict(data)",
                m = it.model
            ),
        );
    }
    if it.has_mlmodel {
        part(
            "A web service",
            "sh",
            format!(
                "proofmark registry fetch {wanted} --to ./{m}\nmlflow models serve --model-uri ./{m}/model --env-manager local --port 8080",
                m = it.model
            ),
        );
    }
    let there = if bucket { format!("./{}", it.model) } else { format!("{registry}/{folder}") };
    part(
        "Check the signature without Proofmark",
        "sh",
        format!(
            "pip install model-signing\nmodel_signing verify key {there}/model --signature {there}/model.sig --public_key signer.pub\n# signer.pub: the public key {} of the trust list",
            it.signer_key.chars().take(12).collect::<String>()
        ),
    );
    part(
        "A container",
        "dockerfile",
        format!(
            "FROM python:3.12-slim\n# made before by: proofmark registry fetch {wanted} --to ./{m}\nCOPY {m} /opt/model\nRUN pip install --no-cache-dir mlflow -r /opt/model/model/requirements.txt\nCMD [\"mlflow\", \"models\", \"serve\", \"--model-uri\", \"/opt/model/model\", \"--env-manager\", \"local\", \"--host\", \"0.0.0.0\"]",
            m = it.model
        ),
    );
    page
}

/// An `InferenceService` of KServe, and a plain deployment with its service and disruption budget for clusters without it.
/// YAML, several documents. The digest of what was approved is pinned as an annotation, and the version by its folder.
pub fn serving_manifests(it: &Serving, options: &ServingOptions) -> String {
    let (name, namespace) = (it.object(), &options.namespace);
    let path = format!("{}/model", it.folder);
    let head = |api: &str, kind: &str, name: &str| {
        format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  labels:\n    app: {}\n  annotations:\n    proofmark.dev/model: \"{}/{}\"\n    proofmark.dev/bundle: \"{}\"\n",
            it.object(),
            it.model,
            it.version,
            it.bundle
        )
    };
    let service = format!(
        "{}spec:\n  predictor:\n    minReplicas: {replicas}\n    model:\n      modelFormat:\n        name: mlflow\n      protocolVersion: v2\n      storageUri: pvc://{volume}/{path}\n",
        head("serving.kserve.io/v1beta1", "InferenceService", &name),
        replicas = options.replicas,
        volume = options.volume,
    );
    let probe = |kind: &str, path: &str, delay: u32| {
        format!(
            "        {kind}:\n          httpGet:\n            path: {path}\n            port: 8080\n          initialDelaySeconds: {delay}\n          periodSeconds: 10\n          failureThreshold: 6\n"
        )
    };
    let deployment = format!(
        "{}spec:\n  replicas: {}\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n      annotations:\n        proofmark.dev/bundle: \"{}\"\n    spec:\n      containers:\n      - name: model\n        image: {}\n        env:\n        - name: MLSERVER_MODEL_URI\n          value: /registry/{path}\n        - name: MLSERVER_MODEL_IMPLEMENTATION\n          value: mlserver_mlflow.MLflowRuntime\n        - name: MLSERVER_MODEL_NAME\n          value: {name}\n        ports:\n        - containerPort: 8080\n{}{}        resources:\n          requests:\n            cpu: 500m\n            memory: 1Gi\n          limits:\n            memory: 2Gi\n        securityContext:\n          allowPrivilegeEscalation: false\n          runAsNonRoot: true\n        volumeMounts:\n        - name: registry\n          mountPath: /registry\n          readOnly: true\n      volumes:\n      - name: registry\n        persistentVolumeClaim:\n          claimName: {}\n          readOnly: true\n",
        head("apps/v1", "Deployment", &name),
        options.replicas,
        it.bundle,
        options.image,
        probe("readinessProbe", "/v2/health/ready", 10),
        probe("livenessProbe", "/v2/health/live", 30),
        options.volume,
    );
    let cluster_service = format!(
        "{}spec:\n  selector:\n    app: {name}\n  ports:\n  - port: 80\n    targetPort: 8080\n",
        head("v1", "Service", &name)
    );
    let budget = format!(
        "{}spec:\n  minAvailable: {}\n  selector:\n    matchLabels:\n      app: {name}\n",
        head("policy/v1", "PodDisruptionBudget", &name),
        options.replicas.saturating_sub(1).max(1)
    );
    [service, deployment, cluster_service, budget].join("---\n")
}
