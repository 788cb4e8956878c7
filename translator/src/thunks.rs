//! The permanent pieces of host code: they live as long as the process and are made once, with cranelift-jit.
//!
//! Translated code itself is not placed by cranelift-jit, which can neither free nor patch a single function.

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AbiParam, Function, InstBuilder, MemFlagsData, Signature, Value};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, default_libcall_names};

use crate::TranslatorError;
use crate::isa::{HostFeatures, host_isa};
use crate::lower::{MemoryModel, preserving_signature, region_signature};
use crate::vcpu_state::special;

/// Size of the thunks' memory; they take a few hundred bytes.
const ARENA: usize = 64 << 10;

/// Addresses of the permanent pieces of code for one kind of run loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thunks {
    /// `(state, pc, memory base) -> next pc`: goes on at a guest pc whose code is not known here.
    pub(crate) miss: u64,
    /// The same for a block whose counter has run out.
    pub(crate) hot: u64,
    /// The same, leaving with `special::KICKED` before the instruction at the pc.
    pub(crate) kicked: u64,
    /// The same with `special::INTERPRET`.
    pub(crate) interpret: u64,
    /// `(state)`: the soft-float on numbers, preserving all registers.
    pub(crate) float: u64,
    /// The same on vectors.
    pub(crate) vector_float: u64,
}

/// What thunks call: addresses of System V functions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThunkTargets {
    /// `(state, pc) -> code`, 0 if there is none.
    pub(crate) resolve: u64,
    /// `(state, pc) -> code`: with what the block at `pc` goes on, whose counter has run out.
    pub(crate) hot: u64,
    /// `(state, pc) -> next pc`: goes on in the interpreter until the guest function returns.
    pub(crate) interpret: u64,
    /// `(state)`: the soft-float on numbers.
    pub(crate) float: u64,
    /// `(state)`: the soft-float on vectors.
    pub(crate) vector_float: u64,
    /// Offset of the guest's pc from the state pointer.
    pub(crate) pc: i32,
}

impl Thunks {
    /// Makes the thunks.
    ///
    /// # Errors
    /// When Cranelift or the host refuses.
    pub(crate) fn new(targets: ThunkTargets) -> Result<Thunks, TranslatorError> {
        let fail = |e: &dyn std::fmt::Display| TranslatorError::Cranelift(e.to_string());
        let mut builder =
            JITBuilder::with_isa(host_isa(false, HostFeatures::Native)?, default_libcall_names());
        let arena = ArenaMemoryProvider::new_with_size(ARENA).map_err(|e| fail(&e))?;
        builder.memory_provider(Box::new(arena));
        let mut module = JITModule::new(builder);
        let miss =
            define(&mut module, "demotic_miss", region_signature(MemoryModel::Window), |func, frontend| {
                build_miss(func, frontend, targets);
            })?;
        let region = || region_signature(MemoryModel::Window);
        let hot = define(&mut module, "demotic_hot", region(), |func, frontend| {
            build_hot(func, frontend, targets.hot);
        })?;
        let leave =
            |value| move |func: &mut Function, frontend| build_leave(func, frontend, targets.pc, value);
        let kicked = define(&mut module, "demotic_kicked", region(), leave(special::KICKED))?;
        let interpret = define(&mut module, "demotic_interpret", region(), leave(special::INTERPRET))?;
        let preserving =
            |target| move |func: &mut Function, frontend| build_preserving(func, frontend, target);
        let float = define(&mut module, "demotic_float", preserving_signature(), preserving(targets.float))?;
        let vector_float = define(
            &mut module,
            "demotic_vector_float",
            preserving_signature(),
            preserving(targets.vector_float),
        )?;
        module.finalize_definitions().map_err(|e| fail(&e))?;
        let [miss, hot, kicked, interpret, float, vector_float] =
            [miss, hot, kicked, interpret, float, vector_float]
                .map(|id| module.get_finalized_function(id) as u64);
        let thunks = Thunks { miss, hot, kicked, interpret, float, vector_float };
        // The module's memory stays mapped when it is dropped: only an explicit request would free it.
        drop(module);
        Ok(thunks)
    }
}

/// Adds a function to the module.
fn define(
    module: &mut JITModule,
    name: &str,
    signature: Signature,
    build: impl FnOnce(&mut Function, TargetFrontendConfig),
) -> Result<FuncId, TranslatorError> {
    let fail = |e: &dyn std::fmt::Display| TranslatorError::Cranelift(e.to_string());
    let id = module.declare_function(name, Linkage::Local, &signature).map_err(|e| fail(&e))?;
    let mut context = module.make_context();
    context.func.signature = signature;
    build(&mut context.func, module.target_config());
    module.define_function(id, &mut context).map_err(|e| fail(&e))?;
    Ok(id)
}

/// Calls a System V function on the state, and preserves the registers that it does not.
fn build_preserving(func: &mut Function, frontend: TargetFrontendConfig, target: u64) {
    let mut context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(func, &mut context);
    let signature = b.import_signature(Signature {
        params: vec![AbiParam::new(I64)],
        ..Signature::new(CallConv::SystemV)
    });
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let state = b.block_params(entry)[0];
    let target = b.ins().iconst(I64, target as i64);
    b.ins().call_indirect(signature, target, &[state]);
    b.ins().return_(&[]);
    b.seal_all_blocks();
    b.finalize(frontend);
}

/// Goes on with the code that a function has for a pc.
fn build_hot(func: &mut Function, frontend: TargetFrontendConfig, target: u64) {
    let mut context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(func, &mut context);
    let [state, pc, mem] = begin(&mut b);
    let code = ask(&mut b, target, [state, pc]);
    go_on(&mut b, code, [state, pc, mem]);
    b.seal_all_blocks();
    b.finalize(frontend);
}

/// Begins a function with a region's signature: state, pc, memory base.
fn begin(b: &mut FunctionBuilder<'_>) -> [Value; 3] {
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let params = b.block_params(entry);
    [params[0], params[1], params[2]]
}

/// Calls a System V function of state and pc.
fn ask(b: &mut FunctionBuilder<'_>, target: u64, arguments: [Value; 2]) -> Value {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params.extend([AbiParam::new(I64); 2]);
    signature.returns.push(AbiParam::new(I64));
    let signature = b.import_signature(signature);
    let target = b.ins().iconst(I64, target as i64);
    let call = b.ins().call_indirect(signature, target, &arguments);
    b.inst_results(call)[0]
}

/// Jumps to code with a region's signature.
fn go_on(b: &mut FunctionBuilder<'_>, code: Value, arguments: [Value; 3]) {
    let region = b.import_signature(region_signature(MemoryModel::Window));
    b.ins().return_call_indirect(region, code, &arguments);
}

/// Stores the pc in the state and returns a special value.
fn build_leave(func: &mut Function, frontend: TargetFrontendConfig, at: i32, value: u64) {
    let mut context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(func, &mut context);
    let [state, pc, _] = begin(&mut b);
    b.ins().store(MemFlagsData::trusted(), pc, state, at);
    let value = b.ins().iconst(I64, value as i64);
    b.ins().return_(&[value]);
    b.seal_all_blocks();
    b.finalize(frontend);
}

/// Finds the code for a pc and goes on there; if there is none, in the interpreter.
fn build_miss(func: &mut Function, frontend: TargetFrontendConfig, targets: ThunkTargets) {
    let mut context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(func, &mut context);
    let [state, pc, mem] = begin(&mut b);
    let (found, missing) = (b.create_block(), b.create_block());
    let code = ask(&mut b, targets.resolve, [state, pc]);
    b.ins().brif(code, found, &[], missing, &[]);
    b.switch_to_block(found);
    go_on(&mut b, code, [state, pc, mem]);
    b.switch_to_block(missing);
    let next = ask(&mut b, targets.interpret, [state, pc]);
    b.ins().return_(&[next]);
    b.seal_all_blocks();
    b.finalize(frontend);
}
