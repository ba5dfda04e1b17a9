namespace RpiAgent.Agent.Images;

/// <summary>Registration of this feature. Needs a <see cref="PeerImageSource"/> and an <c>Action&lt;ImmutableArray&lt;ImageRecord&gt;&gt;</c>.</summary>
internal static class ImageServices
{
    public static IServiceCollection AddImages(this IServiceCollection services) => services
        .AddSingleton<ImageStore>()
        .AddSingleton<ImageFetcher>()
        .AddSingleton<ImageInventory>()
        .AddHostedService(provider => provider.GetRequiredService<ImageInventory>());
}
