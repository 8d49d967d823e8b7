# A room is a static library with public headers in include/vestibule/<room> and sources in
# proxy/<room>. Its link line is its row in the table of README.md.

add_library(vestibule_flags INTERFACE)
target_include_directories(vestibule_flags INTERFACE "${PROJECT_SOURCE_DIR}/include")
target_compile_options(vestibule_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Woverloaded-virtual -Werror
  # g++ 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
target_compile_definitions(vestibule_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_DISABLE_BOOST_ARRAY BOOST_ASIO_DISABLE_BOOST_REGEX)
if(VESTIBULE_SANITIZE MATCHES "thread")
  # Asio's fences are not instrumented; what they order is, by its other means.
  target_compile_options(vestibule_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
endif()
if(VESTIBULE_SANITIZE)
  target_compile_options(vestibule_flags INTERFACE
    -fsanitize=${VESTIBULE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(vestibule_flags INTERFACE -fsanitize=${VESTIBULE_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${CCACHE_PROGRAM}")
endif()

# What most sources include is parsed once: vestibule_precompiled(<name> HEADERS <h...> LINKS <targets...>), to be
# used by target_precompile_headers(<target> REUSE_FROM <name>).
option(VESTIBULE_PCH "Precompile the headers that most sources include" ON)
function(vestibule_precompiled name)
  cmake_parse_arguments(PCH "" "" "HEADERS;LINKS" ${ARGN})
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/empty.cpp" CONTENT "")
  add_library(${name} OBJECT "${CMAKE_BINARY_DIR}/empty.cpp")
  target_link_libraries(${name} PRIVATE vestibule_flags ${PCH_LINKS})
  list(TRANSFORM PCH_HEADERS REPLACE "(.+)" "<\\1>")
  target_precompile_headers(${name} PRIVATE ${PCH_HEADERS})
endfunction()
set(vestibule_std_headers
  algorithm array atomic charconv chrono coroutine cstdint cstring deque exception functional map memory mutex
  optional span string string_view system_error tuple unordered_map utility variant vector
  boost/system/result.hpp boost/system/system_error.hpp boost/unordered/unordered_flat_map.hpp)
set(vestibule_asio_headers
  boost/asio/buffer.hpp boost/asio/io_context.hpp boost/asio/ip/tcp.hpp boost/asio/local/stream_protocol.hpp
  boost/asio/post.hpp boost/asio/ssl/context.hpp boost/asio/steady_timer.hpp)
if(VESTIBULE_PCH)
  vestibule_precompiled(vestibule_pch_std HEADERS ${vestibule_std_headers} LINKS Boost::headers)
  vestibule_precompiled(vestibule_pch_asio HEADERS ${vestibule_std_headers} ${vestibule_asio_headers}
    LINKS Boost::headers OpenSSL::SSL Threads::Threads)
endif()

# vestibule_room(<name> LINKS <targets...>): the library vestibule_<name>; with ASIO one that sees Asio.
function(vestibule_room name)
  cmake_parse_arguments(ROOM "ASIO" "" "LINKS;PRIVATE_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/proxy/${name}/*.cpp")
  add_library(vestibule_${name} STATIC ${sources})
  target_include_directories(vestibule_${name} PRIVATE "${PROJECT_SOURCE_DIR}/proxy")
  target_link_libraries(vestibule_${name} PUBLIC vestibule_flags ${ROOM_LINKS} PRIVATE ${ROOM_PRIVATE_LINKS})
  set(pch vestibule_pch_std)
  if(ROOM_ASIO)
    set(pch vestibule_pch_asio)
  endif()
  if(VESTIBULE_PCH)
    target_precompile_headers(vestibule_${name} REUSE_FROM ${pch})
  endif()
endfunction()
