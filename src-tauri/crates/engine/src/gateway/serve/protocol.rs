//! Bodies of the Open Inference Protocol, version 2: requests to tensors, tensors to answers.
//!
//! Numbers that JSON does not know (NaN, infinities) are `null` in both directions. Values may be nested by their shape or lie flat.

use proofmark_scoring::{Kind, Port, Tensor, Values};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::binary;

/// Names what a body lacks.
pub(super) type Refusal = String;

#[derive(Debug, Deserialize)]
struct Asked {
    id: Option<String>,
    #[serde(default)]
    parameters: Map<String, Value>,
    inputs: Vec<AskedInput>,
    #[serde(default)]
    outputs: Vec<AskedOutput>,
}

#[derive(Debug, Deserialize)]
struct AskedInput {
    name: String,
    shape: Vec<usize>,
    datatype: String,
    #[serde(default)]
    parameters: Map<String, Value>,
    data: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct AskedOutput {
    name: String,
    #[serde(default)]
    parameters: Map<String, Value>,
}

/// What a body asks for.
#[derive(Debug)]
pub(super) struct Question {
    /// The client's own identifier.
    pub(super) id: Option<String>,
    /// Inputs by name.
    pub(super) inputs: Vec<(String, Tensor)>,
    /// Outputs that are wanted, and whether as bytes; all of them if there is none.
    outputs: Vec<(String, bool)>,
    /// Whether outputs are wanted as bytes where they do not say otherwise.
    binary: bool,
    /// The body in JSON alone, where it came with bytes behind it, or without the names of its columns.
    pub(super) plain: Option<Vec<u8>>,
}

/// Reads a body, of which so many bytes are JSON; all of it if absent. `columns` names those of the model's only input, where it takes a
/// matrix: what is written down of the body has them, too.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(body: &[u8], json: Option<usize>, columns: Option<&[String]>) -> Result<Question, Refusal> {
    let (text, mut rest) = match json {
        Some(length) => body.split_at_checked(length).ok_or("the JSON is said to be longer than the body")?,
        None => (body, [].as_slice()),
    };
    let asked: Asked = serde_json::from_slice(text).map_err(|error| what_is_wrong(&error))?;
    let mut inputs = Vec::with_capacity(asked.inputs.len());
    let mut logged = Vec::new();
    let is_rewritten = json.is_some() || columns.is_some();
    for input in asked.inputs {
        let AskedInput { name, shape, datatype, parameters, data } = input;
        let kind = Kind::by_protocol_name(&datatype).ok_or_else(|| format!("{name} has the datatype {datatype:?}"))?;
        let size = parameters.get("binary_data_size").map(|it| it.as_u64().and_then(|it| usize::try_from(it).ok()));
        let values = match (data, size) {
            (Some(data), None) => {
                let mut values = Vec::new();
                flatten(data, &mut values);
                of_json(kind, &values).ok_or_else(|| format!("{name} holds values that are no {datatype}"))?
            }
            (None, Some(Some(size))) => {
                let (own, after) = rest.split_at_checked(size).ok_or_else(|| format!("the bytes of {name} are cut"))?;
                rest = after;
                binary::read(kind, own).ok_or_else(|| format!("the bytes of {name} are no {datatype}"))?
            }
            _ => return Err(format!("{name} has neither data nor bytes, or both")),
        };
        let tensor = Tensor::new(shape, values).map_err(|error| format!("{name}: {error}"))?;
        let said = parameters.get("column_names");
        if let (Some(said), Some(columns)) = (said, columns)
            && !said.as_array().is_some_and(|it| it.iter().map(|it| it.as_str().unwrap_or_default()).eq(columns))
        {
            return Err(format!("{name} has other columns than the model, or another order: {}", columns.join(", ")));
        }
        if is_rewritten {
            let mut told = Told::of(&name, kind, &tensor);
            let own = columns.filter(|it| tensor.shape().len() == 2 && tensor.shape().get(1) == Some(&it.len()));
            let names = own.map(Value::from).or_else(|| said.cloned());
            told.parameters = names.map(|it| Map::from_iter([("column_names".to_owned(), it)]));
            logged.push(told);
        }
        inputs.push((name, tensor));
    }
    if !rest.is_empty() {
        return Err("bytes are left that belong to no input".to_owned());
    }
    let flag = |from: &Map<String, Value>, name: &str| from.get(name).and_then(Value::as_bool);
    let binary = flag(&asked.parameters, "binary_data_output").unwrap_or(false);
    let plain = is_rewritten
        .then(|| serde_json::to_vec(&Plain { id: asked.id.as_deref(), inputs: &logged }))
        .transpose()
        .map_err(|error| error.to_string())?;
    let outputs = asked.outputs.into_iter();
    let outputs = outputs.map(|it| (it.name, flag(&it.parameters, "binary_data").unwrap_or(binary))).collect();
    Ok(Question { id: asked.id, inputs, outputs, binary, plain })
}

/// Says what is wrong with a body, and not what is in it: that is written down where values may be hidden.
fn what_is_wrong(error: &serde_json::Error) -> Refusal {
    let (whole, place) = (error.to_string(), format!("line {}, column {}", error.line(), error.column()));
    // Names the field that is missing, which is one of the protocol's own.
    let why = if error.is_data() && whole.starts_with("missing field") {
        whole
    } else if error.is_data() {
        format!("a field is of another kind at {place}")
    } else {
        format!("it is no JSON at {place}")
    };
    format!("the body is no inference request: {why}")
}

#[derive(Serialize)]
struct Plain<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    inputs: &'a [Told],
}

fn flatten(value: Value, into: &mut Vec<Value>) {
    match value {
        Value::Array(items) => items.into_iter().for_each(|it| flatten(it, into)),
        other => into.push(other),
    }
}

fn of_json(kind: Kind, values: &[Value]) -> Option<Values> {
    let number = |it: &Value| if it.is_null() { Some(f64::NAN) } else { it.as_f64() };
    Some(match kind {
        Kind::Bool => {
            let truth = |it: &Value| it.as_bool().or_else(|| it.as_u64().filter(|it| *it < 2).map(|it| it == 1));
            Values::Bool(values.iter().map(truth).collect::<Option<_>>()?)
        }
        Kind::Text => Values::Text(values.iter().map(|it| it.as_str().map(str::to_owned)).collect::<Option<_>>()?),
        Kind::F32 | Kind::F16 => Values::F32(values.iter().map(|it| Some(number(it)? as f32)).collect::<Option<_>>()?),
        Kind::F64 => Values::F64(values.iter().map(number).collect::<Option<_>>()?),
        Kind::U64 => Values::U64(values.iter().map(Value::as_u64).collect::<Option<_>>()?),
        _ => Values::I64(values.iter().map(Value::as_i64).collect::<Option<_>>()?),
    })
}

/// Values as JSON, of single precision with no more digits than they have.
#[derive(Debug)]
struct Data(Values);

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Values::Bool(it) => it.serialize(to),
            Values::I64(it) => it.serialize(to),
            Values::U64(it) => it.serialize(to),
            Values::F32(it) => it.serialize(to),
            Values::F64(it) => it.serialize(to),
            Values::Text(it) => it.serialize(to),
        }
    }
}

/// A tensor of an answer.
#[derive(Debug, Serialize)]
struct Told {
    name: String,
    shape: Vec<usize>,
    datatype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
}

impl Told {
    fn of(name: &str, kind: Kind, tensor: &Tensor) -> Self {
        Self {
            name: name.to_owned(),
            shape: tensor.shape().to_vec(),
            datatype: kind.protocol_name(),
            parameters: None,
            data: Some(Data(tensor.values().clone())),
        }
    }
}

/// The model that answered, by its names.
pub(super) struct Named<'a> {
    pub(super) model: &'a str,
    pub(super) version: &'a str,
    pub(super) id: &'a str,
}

#[derive(Serialize)]
struct Answered<'a> {
    model_name: &'a str,
    model_version: &'a str,
    id: &'a str,
    outputs: Vec<Told>,
}

/// An answer as it is given.
pub(super) struct Reply {
    pub(super) body: Vec<u8>,
    /// How many of its bytes are JSON, where others follow.
    pub(super) json: Option<usize>,
    /// The same in JSON alone, where bytes follow.
    pub(super) plain: Option<Vec<u8>>,
}

/// Writes the outputs that were asked for.
///
/// # Errors
/// If one that was asked for is not there.
pub(super) fn write(
    question: &Question,
    outputs: Vec<(String, Tensor)>,
    ports: &[Port],
    named: &Named<'_>,
) -> Result<Reply, Refusal> {
    let wanted: Vec<(String, bool)> = if question.outputs.is_empty() {
        outputs.iter().map(|it| (it.0.clone(), question.binary)).collect()
    } else {
        question.outputs.clone()
    };
    let mut told = Vec::with_capacity(wanted.len());
    let mut plain = Vec::new();
    let mut bytes = Vec::new();
    let is_binary = wanted.iter().any(|it| it.1);
    for (name, as_bytes) in &wanted {
        let Some((_, tensor)) = outputs.iter().find(|it| it.0 == *name) else {
            return Err(format!("the model has no output {name}"));
        };
        let port = ports.iter().find(|it| it.name == *name);
        let kind = port.and_then(|it| it.kind).unwrap_or(match tensor.values() {
            Values::Bool(_) => Kind::Bool,
            Values::I64(_) => Kind::I64,
            Values::U64(_) => Kind::U64,
            Values::F32(_) => Kind::F32,
            Values::F64(_) => Kind::F64,
            Values::Text(_) => Kind::Text,
        });
        let mut one = Told::of(name, kind, tensor);
        if is_binary {
            plain.push(Told::of(name, kind, tensor));
        }
        if let Some(own) = as_bytes.then(|| binary::write(kind, tensor.values())).flatten() {
            let size = Map::from_iter([("binary_data_size".to_owned(), Value::from(own.len()))]);
            one.parameters = Some(size);
            one.data = None;
            bytes.extend_from_slice(&own);
        }
        told.push(one);
    }
    let json = |outputs: Vec<Told>| {
        let answered = Answered { model_name: named.model, model_version: named.version, id: named.id, outputs };
        serde_json::to_vec(&answered).map_err(|error| error.to_string())
    };
    let mut body = json(told)?;
    if bytes.is_empty() {
        return Ok(Reply { body, json: None, plain: None });
    }
    let length = body.len();
    body.extend_from_slice(&bytes);
    Ok(Reply { body, json: Some(length), plain: Some(json(plain)?) })
}

/// An input or output as the metadata of a model tells it.
#[derive(Serialize)]
pub(super) struct ToldPort<'a> {
    name: &'a str,
    datatype: &'static str,
    shape: Vec<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Map<String, Value>>,
}

impl<'a> ToldPort<'a> {
    pub(super) fn of(port: &'a Port) -> Self {
        let classes = port.classes.as_ref().filter(|it| !it.is_empty());
        Self {
            name: &port.name,
            datatype: port.kind.map_or("", Kind::protocol_name),
            shape: port.shape.clone().unwrap_or_default(),
            parameters: classes.map(|it| Map::from_iter([("classes".to_owned(), Value::from(it.clone()))])),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn bodies_that_are_none_are_told() {
        for (body, json, told) in [
            (r#"{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1]}]}"#, None, "shape"),
            (r#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP33","data":[1]}]}"#, None, "FP33"),
            (r#"{"inputs":[{"name":"x","shape":[1],"datatype":"INT32","data":[1.5]}]}"#, None, "no INT32"),
            (r#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP32"}]}"#, None, "neither"),
            (r#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}x"#, Some(66), "left"),
            (r#"{"instances":[]}"#, None, "inputs"),
            ("{", None, "no inference request"),
            (r#"{"inputs":[{"name":"x","shape":"Ada","datatype":"FP32","data":[1]}]}"#, None, "another kind at line 1"),
            ("{}", Some(9), "longer"),
        ] {
            let why = read(body.as_bytes(), json, None).unwrap_err();
            assert!(why.contains(told) && !why.contains("Ada"), "{body}: {why}");
        }
    }

    #[test]
    fn columns_of_a_matrix_are_written_down_with_their_names() {
        let columns = ["age".to_owned(), "debt".to_owned()];
        let body = |names: &str| {
            format!(r#"{{"inputs":[{{"name":"X","shape":[1,2],"datatype":"FP32","data":[[1,2]]{names}}}]}}"#)
        };
        let read = |names: &str| read(body(names).as_bytes(), None, Some(&columns));
        let plain: Value = serde_json::from_slice(&read("").unwrap().plain.unwrap()).unwrap();
        assert_eq!(plain["inputs"][0]["parameters"]["column_names"], serde_json::json!(["age", "debt"]));
        assert!(read(r#","parameters":{"column_names":["age","debt"]}"#).is_ok());
        assert!(read(r#","parameters":{"column_names":["debt","age"]}"#).is_err_and(|it| it.contains("order")));
    }

    #[test]
    fn bytes_behind_the_json_are_read_and_written_down_as_numbers() {
        let json = r#"{"id":"7","inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}"#;
        let mut body = json.as_bytes().to_vec();
        body.extend_from_slice(&0.1f32.to_le_bytes());
        body.extend_from_slice(&f32::NAN.to_le_bytes());
        let question = read(&body, Some(json.len()), None).unwrap();
        let plain: Value = serde_json::from_slice(question.plain.as_ref().unwrap()).unwrap();
        assert_eq!(plain["inputs"][0]["data"].to_string(), "[0.1,null]");
        let outputs = vec![("y".to_owned(), Tensor::new(vec![1], Values::F32(vec![0.25])).unwrap())];
        let named = Named { model: "m", version: "3", id: "7" };
        let reply = write(&question, outputs, &[], &named).unwrap();
        let (head, bytes) = reply.body.split_at(reply.json.unwrap());
        assert_eq!(bytes, 0.25f32.to_le_bytes());
        let head: Value = serde_json::from_slice(head).unwrap();
        assert_eq!(head["outputs"][0]["parameters"]["binary_data_size"], 4);
        let plain: Value = serde_json::from_slice(&reply.plain.unwrap()).unwrap();
        assert_eq!(plain["outputs"][0]["data"][0], 0.25);
        assert!(write(&question, Vec::new(), &[], &named).is_err_and(|it| it.contains("no output y")));
    }
}
