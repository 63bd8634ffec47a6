# Third-party packages, all from Debian; each is used by one library of libs/ only.
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)          # module mode first: gRPC's config looks for its targets
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_path(RAPIDJSON_INCLUDE rapidjson/reader.h REQUIRED)  # headers only, in the system's folder
find_package(Catch2 2 REQUIRED)

find_path(MYSQLCPPCONN_INCLUDE mysql_driver.h REQUIRED)
find_library(MYSQLCPPCONN_LIBRARY mysqlcppconn REQUIRED)
add_library(mysqlcppconn SHARED IMPORTED)
set_target_properties(mysqlcppconn PROPERTIES
  IMPORTED_LOCATION ${MYSQLCPPCONN_LIBRARY}
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${MYSQLCPPCONN_INCLUDE})

find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)
find_library(PHONENUMBER_LIBRARY phonenumber REQUIRED)
find_path(SOFIA_INCLUDE sofia-sip/nua.h PATH_SUFFIXES sofia-sip-1.12 REQUIRED)
find_library(SOFIA_LIBRARY sofia-sip-ua REQUIRED)
find_library(SPANDSP_LIBRARY spandsp REQUIRED)
find_library(PROTOC_LIBRARY protoc REQUIRED)

# google/api/annotations.proto and google/rpc/*.proto come with Debian's grpc-gateway sources.
find_path(GOOGLEAPIS_DIR google/api/annotations.proto
  PATHS /usr/share/gocode/src/github.com/grpc-ecosystem/grpc-gateway/third_party/googleapis
  NO_DEFAULT_PATH REQUIRED)
