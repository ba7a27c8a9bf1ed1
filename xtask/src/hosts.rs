//! Programs that name no server, against the hosts of two sites: TLS by an authority of our own, and name resolution
//! of our own, in a network namespace in which nothing else can be reached.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::server::Server;
use crate::shell::{Result, cargo, need, root, run, run_command, target};

/// A site, and somebody on it.
struct Home {
    site: &'static str,
    api_key: &'static str,
    application_key: &'static str,
    reader_application_key: &'static str,
    source_org_id: &'static str,
    sink_org_id: &'static str,
}

/// As `hosts/organizations.yaml` has them.
const HOMES: [Home; 2] = [
    Home {
        site: "datadoghq.com",
        api_key: "0123456789abcdef0123456789abcdef",
        application_key: "0123456789abcdef0123456789abcdef01234567",
        reader_application_key: "89abcdef0123456789abcdef0123456789abcdef",
        source_org_id: "4dee724d-00cc-11ea-a77b-570c9d03c6c5",
        sink_org_id: "83999dcd-7f97-11f0-8de1-1ecf66f1aa85",
    },
    Home {
        site: "datadoghq.eu",
        api_key: "fedcba9876543210fedcba9876543210",
        application_key: "fedcba9876543210fedcba9876543210fedcba98",
        reader_application_key: "76543210fedcba9876543210fedcba9876543210",
        source_org_id: "4dee724d-00cc-11ea-a77b-570c9d03c6e0",
        sink_org_id: "83999dcd-7f97-11f0-8de1-1ecf66f1aae0",
    },
];

/// A program that asks the site in `DD_SITE`, and is run once for each. All are told by the environment alone whom to
/// trust.
struct Program {
    name: &'static str,
    path: PathBuf,
    arguments: Vec<PathBuf>,
    environment: Vec<(&'static str, PathBuf)>,
}

/// Every program. Another is a line here.
fn programs() -> Vec<Program> {
    let ours = root().join("xtask/hosts");
    vec![
        Program {
            name: "curl",
            path: ours.join("curl.sh"),
            arguments: vec![],
            environment: vec![("CURL_CA_BUNDLE", trusted())],
        },
        Program {
            name: "python",
            path: python(),
            arguments: vec![ours.join("client.py")],
            environment: vec![("SSL_CERT_FILE", trusted())],
        },
    ]
}

/// Makes all that the programs need while the network is there, and goes where it isn't.
pub(crate) fn run_all() -> Result {
    need(&["curl", "--version"], &["curl"])?;
    need(&["ip", "-V"], &["iproute2"])?;
    need(&["mount", "--version"], &["mount"])?;
    need(&["unshare", "--version"], &["util-linux"])?;
    need(&["python3", "-c", "import ensurepip"], &["python3", "python3-venv"])?;
    cargo(&["build", "--release", "--locked", "--package", "orgbridge"])?;
    prepare_python()?;
    prepare_certificates()?;

    let mut unshare = Command::new("unshare");
    unshare.args(["--net", "--mount"]);
    // Only root may make namespaces; anybody may be root in a namespace of their own.
    if fs::metadata("/proc/self")?.uid() != 0 {
        unshare.arg("--map-root-user");
    }
    run_command(unshare.arg("--").arg(std::env::current_exe()?).args(["hosts", "--inside"]))
}

/// Runs every program at home on each site, where only what was made for them can be reached.
pub(crate) fn run_inside() -> Result {
    run("ip", &["link", "set", "lo", "up"])?;
    let names = workshop().join("hosts");
    let hosts = HOMES.map(|home| format!("127.0.0.1 {}\n", host_of(home.site))).concat();
    fs::write(&names, format!("127.0.0.1 localhost\n{hosts}"))?;
    run("mount", &["--bind", &names.to_string_lossy(), "/etc/hosts"])?;

    let folder = tempfile::tempdir()?;
    let _server = serve(folder.path())?;
    for program in programs() {
        for (home, other) in HOMES.iter().zip(HOMES.iter().rev()) {
            println!("== {} on {}", program.name, home.site);
            run_command(&mut program.at(home, other))?;
        }
    }
    Ok(())
}

impl Program {
    fn at(&self, home: &Home, other: &Home) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("DD_SITE", home.site)
            .env("DD_API_KEY", home.api_key)
            .env("DD_APP_KEY", home.application_key)
            .env("DD_READER_APP_KEY", home.reader_application_key)
            .env("SOURCE_ORG_ID", home.source_org_id)
            .env("SINK_ORG_ID", home.sink_org_id)
            .env("OTHER_SITE", other.site);
        command
    }
}

/// A server for both sites, at the port that a URL without one means.
fn serve(folder: &Path) -> Result<Server> {
    let sites = HOMES.map(|home| home.site).join(",");
    let (certificate, key) = (workshop().join("certificate.pem"), workshop().join("key.pem"));
    let settings = [
        ("ORGBRIDGE_LISTEN", "127.0.0.1:443"),
        ("ORGBRIDGE_SITES", &sites),
        ("ORGBRIDGE_TLS_CERT", &certificate.to_string_lossy()),
        ("ORGBRIDGE_TLS_KEY", &key.to_string_lossy()),
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
    Ok(())
}

/// The Python that has the official client.
fn python() -> PathBuf {
    workshop().join("python/bin/python")
}

fn prepare_python() -> Result {
    if !python().exists() {
        run("python3", &["-m", "venv", &workshop().join("python").to_string_lossy()])?;
    }
    let requirements = root().join("clients/python/requirements.txt");
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    run(python(), &[&install[..], &[&requirements.to_string_lossy()]].concat())
}
