// tls_context.h
//
// The server's certificates and TLS settings: TLS 1.2 and 1.3, by Poco::Net::Context, with the
// OpenSSL modes that keep idle connections small. reload() reads the files again: connections that
// are open keep what they have, later ones get the new. Thread: any.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct ssl_st;

namespace daybook {

struct CertificateFiles {
    // The server name it is for; empty: the default, and for names that no other one has.
    std::string serverName;
    std::filesystem::path certificateChain;  // PEM, leaf first
    std::filesystem::path privateKey;        // PEM
};

// A file is missing, unreadable or does not fit: says which and why.
class TlsFilesUnusable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class TlsContext {
public:
    // `clientAuthorities`: PEM; clients are asked for a certificate, and one that these vouch for
    // tells Connection::clientNames(). Any other, or none, is no obstacle. Empty: nobody is asked.
    explicit TlsContext(
        const std::vector<CertificateFiles>& files,
        const std::filesystem::path& clientAuthorities = {});
    ~TlsContext();

    // Reads the files again. Throws TlsFilesUnusable and keeps what was in use.
    void reload(const std::vector<CertificateFiles>& files);

    // A fresh server-side SSL for a connection; the caller frees it.
    ssl_st* makeServerSsl() const;

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

// Writes a self-signed ECDSA P-256 certificate for `names` (DNS names and IP addresses), valid for
// 825 days, and its key (mode 0600).
void writeSelfSignedCertificate(
    const std::vector<std::string>& names,
    const std::filesystem::path& certificate,
    const std::filesystem::path& key);

}  // namespace daybook
