// dkim_key.h
//
// Keys that a domain signs its mail with: making them, and the DNS record that tells others the
// public half (RFC 6376 §3.6.1, RFC 8463 §4). Private keys are PKCS#8 in PEM; they stand in the
// secrets store and nowhere else. Throws std::runtime_error when OpenSSL fails. Thread: any; an RSA
// key takes a tenth of a second and more to make, so not a reactor.
#pragma once

#include <string>
#include <string_view>

#include "journal/schema/event.capnp.h"

namespace daybook {

using event::DkimAlgorithm;

// "rsa-sha256", as a signature's a= tag and the tool say it.
std::string_view nameOf(DkimAlgorithm algorithm);

// RSA: 2048 bits, which fit into one UDP answer (RFC 8301 §3.2 wants 1024 at least).
std::string makeDkimPrivateKey(DkimAlgorithm algorithm);

// It can be read, and is of that kind.
bool isDkimPrivateKey(std::string_view privateKey, DkimAlgorithm algorithm);

// The 64 octets of a signature (RFC 8032) over `octets`. Throws std::runtime_error if the key is
// not of that kind.
std::string signEd25519(std::string_view privateKey, std::string_view octets);

// What the p= tag has in base64: SubjectPublicKeyInfo for RSA, the key's 32 octets for Ed25519.
std::string dkimPublicKey(std::string_view privateKey);

// The value of the TXT record at dkimRecordName(): "v=DKIM1; k=rsa; p=...".
std::string dkimRecord(DkimAlgorithm algorithm, std::string_view publicKey);

// "SELECTOR._domainkey.DOMAIN", RFC 6376 §3.6.2.1.
std::string dkimRecordName(std::string_view selector, std::string_view domain);

// A TXT record's value as a zone file writes it: character strings of at most 255 octets in
// quotation marks (RFC 1035 §3.3 and §5.1), which readers join without anything between them.
std::string zoneFileText(std::string_view value);

}  // namespace daybook
