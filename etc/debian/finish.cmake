# What a package needs beyond what `cmake --install` brings, done to its files before it is packed.
set(share ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share)
set(doc ${share}/doc/roundabout)

# compress(FILE): as Debian wants manual pages and changelogs; the same bytes each time.
function(compress file)
    execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# COPY would leave what is of the same second.
file(COPY_FILE ${CPACK_ROUNDABOUT_PATHS}/roundabout.8 ${share}/man/man8/roundabout.8)
file(COPY_FILE ${CPACK_ROUNDABOUT_PATHS}/roundabout.service
    ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/lib/systemd/system/roundabout.service)
# Debian's zsh leaves the other folder to the administrator.
file(RENAME ${share}/zsh/site-functions ${share}/zsh/vendor-completions)

string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH, if that is set
file(WRITE ${doc}/changelog.Debian
"roundabout (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}.

 -- ${CPACK_PACKAGE_CONTACT}  ${now}
")
file(GLOB pages ${share}/man/man*/*)
foreach(file IN LISTS pages ITEMS ${doc}/changelog.Debian)
    compress(${file})
endforeach()
