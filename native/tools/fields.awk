# From ub_abi.h and ub_series.h, and of ub_explain.h those that are handed out (ub_explain_*): a macro for each struct that lists its fields,
# UB_FIELDS_<struct>(F) with an F(<struct>, <field>) each, so that a field is named once. Padding is left out. The header has one declaration a line (clang-format keeps it so).
/^struct [a-z_]+ \{$/ && (FILENAME ~ /abi|series/ || $2 ~ /^ub_explain_/) { name = $2; printf "#define UB_FIELDS_%s(F)", name; next }
name != "" && /^};/ { print ""; name = ""; next }
name != "" {
    sub(/\/\*.*/, "")
    if ($0 !~ /;/) next
    sub(/(\[[^]]*\])*;.*/, "")
    if ($NF !~ /^pad/) printf " F(%s, %s)", name, $NF
}
