//! The programs in `clients/` without being told of a server, against the hosts of two sites: TLS by an authority of
//! our own, and name resolution of our own, in a network namespace in which nothing else can be reached.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::clients;
use crate::server::Server;
use crate::shell::{Result, cargo, need, root, run, run_command, target};

/// A site, and somebody on it. `hosts/organizations.yaml` makes the server know them.
struct Home {
    site: &'static str,
    api_key: &'static str,
    application_key: &'static str,
    source_org_id: &'static str,
    sink_org_id: &'static str,
}

const HOMES: [Home; 2] = [
    Home {
        site: "datadoghq.com",
        api_key: "00112233445566778899aabbccddeeff",
        application_key: "00112233445566778899aabbccddeeff00112233",
        source_org_id: "4dee724d-00cc-11ea-a77b-570c9d03c6e0",
        sink_org_id: "83999dcd-7f97-11f0-8de1-1ecf66f1aae0",
    },
    Home {
        site: "datadoghq.eu",
        api_key: "0123456789abcdef0123456789abcdef",
        application_key: "0123456789abcdef0123456789abcdef01234567",
        source_org_id: "4dee724d-00cc-11ea-a77b-570c9d03c6c5",
        sink_org_id: "83999dcd-7f97-11f0-8de1-1ecf66f1aa85",
    },
];

/// Where the clients tell their story: not the site that they would ask untold.
const SITE_OF_THE_CLIENTS: &str = "datadoghq.eu";

/// Makes all that the programs need while the network is there, and goes where it isn't.
pub(crate) fn run_all() -> Result {
    need(&["curl", "--version"], &["curl"])?;
    need(&["ip", "-V"], &["iproute2"])?;
    need(&["mount", "--version"], &["mount"])?;
    need(&["unshare", "--version"], &["util-linux"])?;
    cargo(&["build", "--release", "--locked", "--package", "orgbridge"])?;
    let clients = clients::all_prepared()?;
    prepare_certificates()?;

    let mut unshare = Command::new("unshare");
    unshare.args(["--net", "--mount"]);
    // Only root may make namespaces; anybody may be root in a namespace of their own.
    if fs::metadata("/proc/self")?.uid() != 0 {
        unshare.arg("--map-root-user");
    }
    unshare.arg("--").arg(env::current_exe()?).args(["hosts", "--inside", &namespace()?]);
    run_command(unshare.args(clients.iter().map(|client| client.name)))
}

/// Runs everything where only what was made for it can be reached, which is not the namespace `outside`.
pub(crate) fn run_inside(outside: &str, clients: &[&str]) -> Result {
    // In the machine's own namespace the mount below would be the machine's.
    if namespace()? == outside {
        return Err("this is no namespace of its own; `cargo xtask hosts` makes the place for this".into());
    }
    run("ip", &["link", "set", "lo", "up"])?;
    let names = workshop().join("hosts");
    let hosts = HOMES.map(|home| format!("127.0.0.1 {}\n", host_of(home.site))).concat();
    fs::write(&names, format!("127.0.0.1 localhost\n{hosts}"))?;
    run("mount", &["--bind", &names.to_string_lossy(), "/etc/hosts"])?;

    let folder = tempfile::tempdir()?;
    let _server = serve(folder.path())?;
    for (home, other) in HOMES.iter().zip(HOMES.iter().rev()) {
        println!("== both sites, from {}", home.site);
        run_command(&mut home.visit(other))?;
    }
    for name in clients {
        println!("== {name} on {SITE_OF_THE_CLIENTS}");
        let client = clients::named(name)?;
        let mut program = client.command();
        program.env("DD_SITE", SITE_OF_THE_CLIENTS).env_remove("ORGBRIDGE_URL").envs(trust());
        clients::story::tell(client, &mut program).map_err(|problem| format!("{name}: {problem}"))?;
    }
    Ok(())
}

/// The network namespace of this process.
fn namespace() -> Result<String> {
    Ok(fs::read_link("/proc/self/ns/net")?.to_string_lossy().into_owned())
}

/// By which variables each client is told whom to trust; none minds those of the others.
fn trust() -> [(&'static str, OsString); 4] {
    let authority = || trusted().into_os_string();
    let mut java = OsString::from("-Djavax.net.ssl.trustStorePassword=changeit -Djavax.net.ssl.trustStore=");
    java.push(trust_store());
    [
        ("CURL_CA_BUNDLE", authority()),
        ("NODE_EXTRA_CA_CERTS", authority()),
        ("SSL_CERT_FILE", authority()),
        ("JAVA_TOOL_OPTIONS", java),
    ]
}

impl Home {
    /// Asks this site with its own keys, and the other with them.
    fn visit(&self, other: &Self) -> Command {
        let mut command = Command::new(root().join("xtask/hosts/visit.sh"));
        command
            .envs(trust())
            .env("DD_SITE", self.site)
            .env("DD_API_KEY", self.api_key)
            .env("DD_APP_KEY", self.application_key)
            .env("SOURCE_ORG_ID", self.source_org_id)
            .env("SINK_ORG_ID", self.sink_org_id)
            .env("OTHER_SITE", other.site);
        command
    }
}

/// A server for both sites, at the port that a URL without one means.
fn serve(folder: &Path) -> Result<Server> {
    let sites = HOMES.map(|home| home.site).join(",");
    let (certificate, key) = (workshop().join("certificate.pem"), workshop().join("key.pem"));
    let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
    let [requests, period] = clients::story::LIMIT;
    let settings = [
        ("ORGBRIDGE_LISTEN", "127.0.0.1:443"),
        ("ORGBRIDGE_SITES", &sites),
        ("ORGBRIDGE_TLS_CERT", &certificate),
        ("ORGBRIDGE_TLS_KEY", &key),
        requests,
        period,
    ];
    Server::start(folder, &root().join("xtask/hosts/organizations.yaml"), &settings)
}

/// Where all is made that outlives no run.
fn workshop() -> PathBuf {
    target().join("hosts")
}

/// The certificate of the authority that the programs are told to trust.
fn trusted() -> PathBuf {
    workshop().join("authority.pem")
}

fn host_of(site: &str) -> String {
    format!("api.{site}")
}

/// Makes an authority, and the certificate that it gives a server for the hosts of both sites.
fn prepare_certificates() -> Result {
    fs::create_dir_all(workshop())?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "Orgbridge test authority");
    let authority_key = KeyPair::generate()?;
    fs::write(trusted(), authority.self_signed(&authority_key)?.pem())?;

    let mut server = CertificateParams::new(HOMES.map(|home| host_of(home.site)).to_vec())?;
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let server_key = KeyPair::generate()?;
    let certificate = server.signed_by(&server_key, &Issuer::new(authority, authority_key))?;
    fs::write(workshop().join("certificate.pem"), certificate.pem())?;
    fs::write(workshop().join("key.pem"), server_key.serialize_pem())?;
    prepare_trust_store()
}

/// The authority in the form that Java wants.
fn prepare_trust_store() -> Result {
    if trust_store().exists() {
        fs::remove_file(trust_store())?;
    }
    let mut keytool = Command::new("keytool");
    keytool.args([
        "-importcert",
        "-noprompt",
        "-trustcacerts",
        "-alias",
        "authority",
        "-storepass",
        "changeit",
    ]);
    run_command(keytool.arg("-file").arg(trusted()).arg("-keystore").arg(trust_store()))
}

fn trust_store() -> PathBuf {
    workshop().join("authority.p12")
}
