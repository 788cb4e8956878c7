//! Comparison of integers: lanes of ones where it holds.

use demotic_ir::IntCc;

use super::{Operation, V, immediates, three_registers};

const CEQ: Operation = |b, df, [_, s, t]| b.vcmp(V, s, t, df, IntCc::Eq);
const CLT_S: Operation = |b, df, [_, s, t]| b.vcmp(V, s, t, df, IntCc::Slt);
const CLT_U: Operation = |b, df, [_, s, t]| b.vcmp(V, s, t, df, IntCc::Ult);
const CLE_S: Operation = |b, df, [_, s, t]| b.vcmp(V, s, t, df, IntCc::Sle);
const CLE_U: Operation = |b, df, [_, s, t]| b.vcmp(V, s, t, df, IntCc::Ule);

three_registers! {
    ceq(Ceq): CEQ;
    clt_s(CltS): CLT_S;
    clt_u(CltU): CLT_U;
    cle_s(CleS): CLE_S;
    cle_u(CleU): CLE_U;
}

immediates! {
    ceqi(Ceqi, signed): CEQ;
    clti_s(CltiS, signed): CLT_S;
    clti_u(CltiU, unsigned): CLT_U;
    clei_s(CleiS, signed): CLE_S;
    clei_u(CleiU, unsigned): CLE_U;
}
