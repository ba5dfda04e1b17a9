using System.Net;
using Grpc.Core;
using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Engine;
using RpiAgent.Agent.Images;
using RpiAgent.Agent.Swarm;
using RpcStatus = Grpc.Core.Status;

namespace RpiAgent.Agent.Grpc;

/// <summary>Our failures as status codes: stale and unfitting are FailedPrecondition, unknown is NotFound, an absent engine is Unavailable.</summary>
internal static class Errors
{
    public static RpcException NotFound(string reason) => new(new RpcStatus(StatusCode.NotFound, reason));

    public static RpcException Invalid(string reason) => new(new RpcStatus(StatusCode.InvalidArgument, reason));

    public static RpcException Stale(string reason) => new(new RpcStatus(StatusCode.FailedPrecondition, reason));

    public static async Task<T> TranslateAsync<T>(Func<Task<T>> call, ServerCallContext context)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw Translate(e, context);
        }
    }

    /// <summary>For streams: that whoever reads hangs up is their usual end.</summary>
    public static Task TranslateAsync(Func<Task> call, ServerCallContext context) => TranslateAsync(
        async () =>
        {
            try
            {
                await call();
            }
            catch (Exception) when (context.CancellationToken.IsCancellationRequested)
            {
                // There is nobody left to tell.
            }

            return true;
        },
        context);

    private static RpcException Translate(Exception failure, ServerCallContext context)
    {
        StatusCode code = failure switch
        {
            OperationCanceledException when context.CancellationToken.IsCancellationRequested => StatusCode.Cancelled,
            AssignmentException => StatusCode.InvalidArgument,
            SwarmRefusedException or NodeRefusedException => StatusCode.FailedPrecondition,
            ImageUnavailableException => StatusCode.NotFound,
            EngineException { Unreachable: true } => StatusCode.Unavailable,
            EngineException { Status: HttpStatusCode.NotFound } => StatusCode.NotFound,
            EngineException { Status: HttpStatusCode.BadRequest } => StatusCode.InvalidArgument,
            EngineException { Status: HttpStatusCode.ServiceUnavailable } => StatusCode.Unavailable,
            EngineException => StatusCode.FailedPrecondition,
            TimeoutException => StatusCode.DeadlineExceeded,
            IOException => StatusCode.Aborted,
            _ => StatusCode.Internal,
        };
        return new RpcException(new RpcStatus(code, failure.Message, failure));
    }
}
