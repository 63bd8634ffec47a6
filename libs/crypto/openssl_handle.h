// OpenSSL's objects with an owner. Private to this library.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>

#include <memory>

namespace ctc::crypto {

template <auto kFree>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

}  // namespace ctc::crypto
