#include "tests/support/test_authority.h"

#include <atomic>
#include <cstdio>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>

#include "tests/support/temporary_folder.h"

namespace daybook::test {

namespace {

constexpr long kDay = 24L * 3600;

template <auto function>
struct Freed {
    template <class T>
    void operator()(T* freed) const {
        function(freed);
    }
};

using Key = std::unique_ptr<EVP_PKEY, Freed<&::EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<&::X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<&::X509_EXTENSION_free>>;
using File = std::unique_ptr<std::FILE, Freed<&std::fclose>>;

void require(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("test authority: ") + what);
}

void addExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    require(extension != nullptr, value.c_str());
    require(::X509_add_ext(certificate, extension.get(), -1) == 1, "X509_add_ext");
}

// Of certificates and of authorities: no two of a test are taken for one.
long nextSerial() {
    static std::atomic<long> last = 0;
    return ++last;
}

Certificate begin(EVP_PKEY* key, const std::string& commonName, Validity validity) {
    Certificate certificate(::X509_new());
    X509* const raw = certificate.get();
    require(::X509_set_version(raw, X509_VERSION_3) == 1, "X509_set_version");
    ::ASN1_INTEGER_set(::X509_get_serialNumber(raw), nextSerial());
    const bool expired = validity == Validity::Expired;
    ::X509_gmtime_adj(::X509_getm_notBefore(raw), expired ? -9 * kDay : -kDay);
    ::X509_gmtime_adj(::X509_getm_notAfter(raw), expired ? -kDay : 9 * kDay);
    const auto* const text = reinterpret_cast<const unsigned char*>(commonName.c_str());
    ::X509_NAME_add_entry_by_txt(
        ::X509_get_subject_name(raw), "CN", MBSTRING_UTF8, text, -1, -1, 0);
    ::X509_set_pubkey(raw, key);
    return certificate;
}

std::string digestOf(const std::string& octets, const EVP_MD* kind) {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    auto* const out = reinterpret_cast<unsigned char*>(digest.data());
    require(
        ::EVP_Digest(octets.data(), octets.size(), out, &size, kind, nullptr) == 1, "EVP_Digest");
    digest.resize(size);
    return digest;
}

void describe(X509* certificate, IssuedCertificate& issued) {
    unsigned char* octets = nullptr;
    const int size = ::i2d_X509(certificate, &octets);
    issued.whole.assign(reinterpret_cast<char*>(octets), static_cast<std::size_t>(size));
    ::OPENSSL_free(octets);
    octets = nullptr;
    const int keySize = ::i2d_X509_PUBKEY(::X509_get_X509_PUBKEY(certificate), &octets);
    issued.subjectKey.assign(reinterpret_cast<char*>(octets), static_cast<std::size_t>(keySize));
    ::OPENSSL_free(octets);
    issued.wholeSha256 = digestOf(issued.whole, ::EVP_sha256());
    issued.subjectKeySha256 = digestOf(issued.subjectKey, ::EVP_sha256());
    issued.subjectKeySha512 = digestOf(issued.subjectKey, ::EVP_sha512());
}

void writeFiles(const CertificateFiles& files, EVP_PKEY* key, const std::vector<X509*>& chain) {
    const File keyFile(std::fopen(files.privateKey.c_str(), "w"));
    require(keyFile != nullptr, "the key's file");
    require(
        ::PEM_write_PrivateKey(keyFile.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "writing the key");
    const File chainFile(std::fopen(files.certificateChain.c_str(), "w"));
    require(chainFile != nullptr, "the chain's file");
    for (X509* const one : chain)
        require(::PEM_write_X509(chainFile.get(), one) == 1, "writing the chain");
}

}  // namespace

class TestAuthority::Implementation {
public:
    Implementation() : key_(EVP_EC_gen("P-256")), certificate_(makeRoot()) {
        issued_.files = filesFor("root");
        describe(certificate_.get(), issued_);
        writeFiles(issued_.files, key_.get(), {certificate_.get()});
    }

    CertificateFiles filesFor(const std::string& name) const {
        return {{}, folder_.path() / (name + ".pem"), folder_.path() / (name + ".key")};
    }

    Certificate makeRoot() const {
        Certificate made =
            begin(key_.get(), "Authority " + std::to_string(nextSerial()), Validity::Current);
        X509* const raw = made.get();
        ::X509_set_issuer_name(raw, ::X509_get_subject_name(raw));
        addExtension(raw, raw, NID_basic_constraints, "critical,CA:TRUE");
        addExtension(raw, raw, NID_key_usage, "critical,keyCertSign");
        require(::X509_sign(raw, key_.get(), ::EVP_sha256()) != 0, "X509_sign");
        return made;
    }

    TemporaryFolder folder_;
    Key key_;
    Certificate certificate_;
    IssuedCertificate issued_;
    int count_ = 0;
};

TestAuthority::TestAuthority() : implementation_(std::make_unique<Implementation>()) {}

TestAuthority::~TestAuthority() = default;

const IssuedCertificate& TestAuthority::root() const { return implementation_->issued_; }

IssuedCertificate TestAuthority::issue(const std::vector<std::string>& names, Validity validity) {
    Implementation& self = *implementation_;
    const Key key(EVP_EC_gen("P-256"));
    const Certificate made = begin(key.get(), names.front(), validity);
    X509* const raw = made.get();
    X509* const issuer = self.certificate_.get();
    ::X509_set_issuer_name(raw, ::X509_get_subject_name(issuer));
    std::string alternatives;
    for (const std::string& name : names)
        alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
    addExtension(raw, issuer, NID_basic_constraints, "critical,CA:FALSE");
    addExtension(raw, issuer, NID_ext_key_usage, "serverAuth");
    addExtension(raw, issuer, NID_subject_alt_name, alternatives);
    require(::X509_sign(raw, self.key_.get(), ::EVP_sha256()) != 0, "X509_sign");
    IssuedCertificate issued;
    issued.files = self.filesFor("issued" + std::to_string(++self.count_));
    describe(raw, issued);
    writeFiles(issued.files, key.get(), {raw, issuer});
    return issued;
}

}  // namespace daybook::test
