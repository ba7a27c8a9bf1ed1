//! The calls on connections. Source: contract, section 1.

mod create;
mod delete;
mod list;
mod read;
mod update;

use serde_json::Value;

/// Takes a member out of a body.
fn remove(body: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer to a member");
    let parent = body.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    parent.remove(name).expect("a member");
}
