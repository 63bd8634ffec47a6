# ctc_proto(name DEPS other ... FILES x.proto ...): messages and our rpc constants of one package.
# No precompiled header, no warnings: generated code.
function(ctc_proto name)
  cmake_parse_arguments(ARG "" "" "FILES;DEPS" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/gen)
  file(MAKE_DIRECTORY ${out})
  set(generated)
  foreach(file ${ARG_FILES})
    string(REGEX REPLACE "\\.proto$" "" base ${file})
    set(outputs ${out}/${base}.pb.cc ${out}/${base}.pb.h ${out}/${base}.rpc.h)
    add_custom_command(
      OUTPUT ${outputs}
      COMMAND protobuf::protoc -I${CMAKE_SOURCE_DIR}/proto -I${GOOGLEAPIS_DIR}
              --cpp_out=${out} --ctc-rpc_out=${out}
              --plugin=protoc-gen-ctc-rpc=$<TARGET_FILE:protoc_gen_ctc_rpc> ${file}
      DEPENDS ${CMAKE_SOURCE_DIR}/proto/${file} protoc_gen_ctc_rpc
      VERBATIM)
    list(APPEND generated ${outputs})
  endforeach()
  add_library(ctc_proto_${name} STATIC ${generated})
  add_library(ctc::proto_${name} ALIAS ctc_proto_${name})
  target_include_directories(ctc_proto_${name} SYSTEM PUBLIC ${out})
  target_include_directories(ctc_proto_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_options(ctc_proto_${name} PRIVATE -w)
  target_link_libraries(ctc_proto_${name} PUBLIC protobuf::libprotobuf ${ARG_DEPS})
  # Descriptors are found by name at run time: keep them even where no symbol is used.
endfunction()
