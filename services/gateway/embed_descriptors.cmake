# Turns INPUT into a C++ file OUTPUT with its bytes.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "// Generated from the contract.
#include \"services/gateway/service/embedded_descriptors.h\"
namespace ctc::gateway {
namespace {
constexpr unsigned char kBytes[] = {\n${bytes}\n};
}  // namespace
std::string_view EmbeddedDescriptors() {
  return std::string_view(reinterpret_cast<const char*>(kBytes), sizeof(kBytes));
}
}  // namespace ctc::gateway
")
