using Grpc.Core;
using Grpc.Core.Interceptors;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Admin;

/// <summary>Only the leader answers operators; what it cannot do becomes a gRPC status with the reason. Anything else is a bug and is logged.</summary>
internal sealed partial class AdminErrors(ClusterState state, ILogger<AdminErrors> logger) : Interceptor
{
    /// <summary>Names the leader's host:port to a client that asked another coordinator.</summary>
    public const string LeaderTrailer = "rpi-leader";

    private const int LongestDetail = 12_000;
    private readonly ILogger<AdminErrors> _logger = logger;

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        TellAsync(context, () => continuation(request, context));

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        TellAsync(context, () => continuation(requestStream, context));

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        TellAsync(context, async () =>
        {
            await continuation(request, responseStream, context);
            return true;
        });

    private async Task<T> TellAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        LeaderView leader = state.Current.Leader;
        // Whoever is asked can say its version.
        if (!leader.Here && !context.Method.EndsWith("/GetVersion", StringComparison.Ordinal))
        {
            throw leader.Address.Length == 0
                ? Status(StatusCode.Unavailable, "no coordinator leads at the moment; try again in a few seconds")
                : new RpcException(
                    new Status(StatusCode.Unavailable, $"this coordinator does not lead; {leader.Address} does"),
                    new Metadata { { LeaderTrailer, leader.Address } });
        }

        try
        {
            return await call();
        }
        catch (AdminRefusal refusal)
        {
            throw Status(
                refusal.Kind switch
                {
                    RefusalKind.BadRequest => StatusCode.InvalidArgument,
                    RefusalKind.Unknown => StatusCode.NotFound,
                    RefusalKind.NotNow => StatusCode.FailedPrecondition,
                    _ => StatusCode.Unavailable,
                },
                refusal.Message);
        }
        catch (ConsulException broken)
        {
            LogConsul(context.Method, broken);
            throw Status(broken.IsTransient ? StatusCode.Unavailable : StatusCode.Internal, broken.Message);
        }
        catch (Exception bug) when (bug is not (RpcException or OperationCanceledException))
        {
            LogBug(context.Method, bug);
            throw Status(StatusCode.Internal, $"the coordinator failed: {bug.GetType().Name}: {bug.Message}; its journal says more");
        }
    }

    private static RpcException Status(StatusCode code, string detail) =>
        new(new Status(code, detail.Length <= LongestDetail ? detail : $"{detail[..LongestDetail]}\n…"));

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "{Method} failed at Consul")]
    private partial void LogConsul(string method, Exception problem);

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "{Method} failed")]
    private partial void LogBug(string method, Exception problem);
}
