//! What the server for tests promises.

use std::net::TcpStream;

use orgbridge_postgres_server::{PostgresServer, Standby};

/// What is in a table of one column, in order.
const NOTES: &str = "SELECT string_agg(text, ',' ORDER BY text) FROM note";

#[test]
fn each_database_is_of_its_own_and_is_gone_when_it_is_dropped() {
    let server = PostgresServer::shared();
    let (one, other) = (server.database().unwrap(), server.database().unwrap());
    one.sql("CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('one'), ('two')").unwrap();
    assert_eq!(one.sql("SELECT text, length(text) FROM note ORDER BY text").unwrap(), "one|3\ntwo|3");
    let error = other.sql("SELECT text FROM note").unwrap_err().to_string();
    assert!(error.contains("\"note\" does not exist"), "{error}");
    let name = one.name().to_owned();
    drop(one);
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(other.sql(&count).unwrap(), "0");
}

#[test]
fn what_was_committed_is_there_after_the_server_was_killed() {
    let server = PostgresServer::start().unwrap();
    let database = server.database().unwrap();
    database.sql("CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('kept')").unwrap();
    for _ in 0..2 {
        server.kill().unwrap();
        assert!(database.sql("SELECT text FROM note").is_err());
        server.go_on().unwrap();
        assert_eq!(database.sql("SELECT text FROM note").unwrap(), "kept");
    }
    server.stop().unwrap();
    server.go_on().unwrap();
    server.freeze().unwrap();
    server.thaw().unwrap();
    assert_eq!(database.sql("SELECT text FROM note").unwrap(), "kept");
}

#[test]
fn nothing_is_left_of_a_server_that_is_dropped_even_where_it_stands_still() {
    let server = PostgresServer::start().unwrap();
    let (folder, port) = (server.socket_folder().to_owned(), server.port());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    server.freeze().unwrap();
    drop(server);
    assert!(!folder.exists());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_copy_takes_the_place_of_its_primary_with_what_it_learnt_before_it_was_cut_off() {
    let primary = PostgresServer::start().unwrap();
    let database = primary.database().unwrap();
    database.sql("CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('1: copied')").unwrap();
    let standby = Standby::of(&primary).unwrap();
    database.sql("INSERT INTO note VALUES ('2: followed')").unwrap();
    standby.catch_up(&primary).unwrap();
    let copy = standby.server();
    assert_eq!(copy.sql(database.name(), NOTES).unwrap(), "1: copied,2: followed");
    let error = copy.sql(database.name(), "DELETE FROM note").unwrap_err().to_string();
    assert!(error.contains("read-only transaction"), "{error}");

    standby.cut_off().unwrap();
    database.sql("INSERT INTO note VALUES ('3: lost')").unwrap();
    primary.kill().unwrap();
    let promoted = standby.promote().unwrap();
    promoted.sql(database.name(), "INSERT INTO note VALUES ('4: new')").unwrap();
    assert_eq!(promoted.sql(database.name(), NOTES).unwrap(), "1: copied,2: followed,4: new");
}

#[test]
fn a_copy_that_is_waited_for_has_what_was_committed() {
    let primary = PostgresServer::start().unwrap();
    let database = primary.database().unwrap();
    database.sql("CREATE TABLE note (text TEXT)").unwrap();
    let standby = Standby::of(&primary).unwrap();
    standby.be_waited_for(&primary).unwrap();
    database.sql("SET synchronous_commit = on; INSERT INTO note VALUES ('kept')").unwrap();
    primary.kill().unwrap();
    let promoted = standby.promote().unwrap();
    assert_eq!(promoted.sql(database.name(), NOTES).unwrap(), "kept");
}
